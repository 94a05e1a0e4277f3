"""Who owns which partition: a pure policy over an immutable table.

A partition goes from UNOWNED to TAKING_OVER to OWNED, and back to UNOWNED when its narrator, its reader or a
commit fails. Every takeover has a generation of its own, larger than all before it.
"""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import StrEnum


class Phase(StrEnum):
    """How far the ownership of a partition is."""

    UNOWNED = "unowned"
    TAKING_OVER = "taking-over"
    OWNED = "owned"


@dataclass(frozen=True, slots=True)
class Ownership:
    """One partition.

    Attributes:
        partition: Partition number.
        phase: How far it is.
        generation: The generation that was given out last; 0 before the first.
        narrator: Name of its narrator; "" while unowned.
        reader: Name of its reader; "" while unowned.
        reason: Why it is unowned, for people.
    """

    partition: int
    phase: Phase = Phase.UNOWNED
    generation: int = 0
    narrator: str = ""
    reader: str = ""
    reason: str = "not yet assigned"


Table = tuple[Ownership, ...]
"""All partitions, in order."""


def new_table(num_partitions: int) -> Table:
    """The table before anything is assigned."""
    return tuple(Ownership(partition) for partition in range(num_partitions))


def assign(
    table: Table, partitions: Collection[int], narrators: Collection[str], readers: Collection[str]
) -> Table:
    """Give unowned partitions to the narrators and readers that have the fewest.

    Args:
        table: What is owned now.
        partitions: Which of the unowned ones to assign (others wait, for example after a failure).
        narrators: Names of those that can take partitions.
        readers: Names of those that can take partitions.

    Returns:
        The table with these partitions TAKING_OVER under a new generation; unchanged if there is no narrator
        or no reader.
    """
    if not narrators or not readers:
        return table
    narrator_loads: Counter[str] = Counter()
    reader_loads: Counter[str] = Counter()
    for row in table:
        if row.phase is not Phase.UNOWNED:
            narrator_loads[row.narrator] += 1
            reader_loads[row.reader] += 1
    rows = list(table)
    for i, row in enumerate(rows):
        if row.phase is not Phase.UNOWNED or row.partition not in partitions:
            continue
        narrator = min(narrators, key=lambda name: (narrator_loads[name], name))
        reader = min(readers, key=lambda name: (reader_loads[name], name))
        narrator_loads[narrator] += 1
        reader_loads[reader] += 1
        rows[i] = Ownership(row.partition, Phase.TAKING_OVER, row.generation + 1, narrator, reader, "")
    return tuple(rows)


def taken_over(table: Table, partition: int, generation: int) -> Table:
    """A takeover succeeded; nothing changes if a newer generation has been given out since."""
    return _map(
        table,
        lambda row: _is(row, partition, generation) and row.phase is Phase.TAKING_OVER,
        lambda row: replace(row, phase=Phase.OWNED),
    )


def lost(table: Table, partition: int, generation: int, reason: str) -> Table:
    """A generation of a partition is over; nothing changes if a newer one has been given out since."""
    return _map(
        table,
        lambda row: _is(row, partition, generation) and row.phase is not Phase.UNOWNED,
        lambda row: _unowned(row, reason),
    )


def outpaced(table: Table, partition: int, found: int, reason: str) -> Table:
    """The log names a higher generation: ours is over, and the next one is above what was found."""
    return _map(
        table,
        lambda row: row.partition == partition and row.generation < found,
        lambda row: replace(_unowned(row, reason), generation=found),
    )


def actor_lost(table: Table, name: str, reason: str) -> Table:
    """A narrator or reader is gone, and with it all its partitions."""
    return _map(
        table,
        lambda row: row.phase is not Phase.UNOWNED and name in (row.narrator, row.reader),
        lambda row: _unowned(row, reason),
    )


def rebalance(table: Table, narrators: Collection[str], readers: Collection[str]) -> Table:
    """Take one partition from the actor that has at least two more than another of its kind.

    An actor that was replaced has none at first. Nothing is moved while a takeover is under way.

    Returns:
        The table with at most one more partition UNOWNED; `assign` gives it to the actor that has the fewest.
    """
    if any(row.phase is not Phase.OWNED for row in table):
        return table
    for names, owner in ((narrators, _narrator_of), (readers, _reader_of)):
        loads = {name: sum(owner(row) == name for row in table) for name in names}
        if loads and max(loads.values()) - min(loads.values()) >= 2:
            most = max(loads, key=lambda name: (loads[name], name))
            moved = next(row for row in table if owner(row) == most)
            return lost(table, moved.partition, moved.generation, f"{most} has {loads[most]} partitions")
    return table


def _narrator_of(row: Ownership) -> str:
    return row.narrator


def _reader_of(row: Ownership) -> str:
    return row.reader


def _is(row: Ownership, partition: int, generation: int) -> bool:
    return (row.partition, row.generation) == (partition, generation)


def _unowned(row: Ownership, reason: str) -> Ownership:
    return Ownership(row.partition, Phase.UNOWNED, row.generation, reason=reason)


def _map(
    table: Table, matches: Callable[[Ownership], bool], change: Callable[[Ownership], Ownership]
) -> Table:
    return tuple(change(row) if matches(row) else row for row in table)
