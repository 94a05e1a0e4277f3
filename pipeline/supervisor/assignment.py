"""How ownership changes: pure functions from one table to the next."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from pipeline.supervisor.placement import Placement
from pipeline.supervisor.table import Ownership, Phase, Table


def assign(
    table: Table,
    partitions: Collection[int],
    narrators: Collection[str],
    readers: Collection[str],
    weights: Sequence[float],
) -> Table:
    """Give unowned partitions to narrators and readers: to where they are to move, else as `Placement` says.

    Args:
        table: What is owned now.
        partitions: Which of the unowned ones to assign (others wait, for example after a failure).
        narrators: Names of those that can take partitions.
        readers: Names of those that can take partitions.
        weights: Load of each partition, in any unit.

    Returns:
        The table with these partitions TAKING_OVER under a new generation; unchanged if there is no narrator
        or no reader.
    """
    if not narrators or not readers:
        return table
    held = [row for row in table if row.phase is not Phase.UNOWNED]
    on_narrators = Placement(
        narrators, sum(weights), [(row.narrator, weights[row.partition]) for row in held]
    )
    on_readers = Placement(readers, sum(weights), [(row.reader, weights[row.partition]) for row in held])
    rows = list(table)
    # Heavy ones first: the light ones fill the gaps.
    for row in sorted(table, key=lambda row: (-weights[row.partition], row.partition)):
        if row.phase is not Phase.UNOWNED or row.partition not in partitions:
            continue
        weight, wanted = weights[row.partition], row.pinned or row.next_narrator
        narrator = on_narrators.place(row.partition, weight, wanted=wanted, shunned=row.shunned)
        reader = on_readers.place(row.partition, weight, wanted=row.next_reader)
        rows[row.partition] = Ownership(
            row.partition, Phase.TAKING_OVER, row.generation + 1, narrator, reader, "", pinned=row.pinned
        )
    return tuple(rows)


def taken_over(table: Table, partition: int, generation: int, now_s: float) -> Table:
    """A takeover succeeded; nothing changes if a newer generation has been given out since."""
    return _map(
        table,
        lambda row: _is(row, partition, generation, Phase.TAKING_OVER),
        lambda row: replace(row, phase=Phase.OWNED, since_s=now_s),
    )


def refused(table: Table, partition: int, generation: int, reason: str) -> Table:
    """A takeover failed; the next one is tried with another narrator, if there is one."""
    return _map(
        table,
        lambda row: _is(row, partition, generation, Phase.TAKING_OVER),
        lambda row: replace(_unowned(row, reason), shunned=row.narrator),
    )


def lost(table: Table, partition: int, generation: int, reason: str) -> Table:
    """A generation of a partition is over; nothing changes if a newer one has been given out since.

    While it is HANDING_OVER nothing changes, either: being lost is what its actors are told to report.
    """
    return _map(
        table,
        lambda row: _is(row, partition, generation, Phase.TAKING_OVER, Phase.OWNED),
        lambda row: _unowned(row, reason),
    )


def outpaced(table: Table, partition: int, found: int, reason: str) -> Table:
    """Somebody has a higher generation: ours is over, and the next one is above what was found."""
    return _map(
        table,
        lambda row: row.partition == partition and row.generation < found,
        lambda row: replace(_unowned(row, reason), generation=found),
    )


def handing_over(table: Table, partition: int, reason: str, narrator: str = "", reader: str = "") -> Table:
    """An owned partition begins to move; its generation ends with `handed_over`.

    Args:
        table: What is owned now.
        partition: Which one.
        reason: Why, for people.
        narrator: Where it moves to; "" if any narrator will do.
        reader: Who reads it then; "" if any reader will do.
    """
    return _map(
        table,
        lambda row: row.partition == partition and row.phase is Phase.OWNED,
        lambda row: replace(
            row, phase=Phase.HANDING_OVER, reason=reason, next_narrator=narrator, next_reader=reader
        ),
    )


def handed_over(table: Table, partition: int, generation: int) -> Table:
    """The old owner has given a partition up; nothing changes if that was overtaken by other events."""
    return _map(
        table,
        lambda row: _is(row, partition, generation, Phase.HANDING_OVER),
        lambda row: _unowned(row, row.reason),
    )


def pin(table: Table, partition: int, narrator: str) -> Table:
    """Somebody wants a partition at a narrator; `balancing.move_to_pin` brings it there."""
    return _map(table, lambda row: row.partition == partition, lambda row: replace(row, pinned=narrator))


def narrator_lost(table: Table, name: str, reason: str) -> Table:
    """A narrator is gone, and with it its partitions and what held them there."""
    table = _map(table, lambda row: row.pinned == name, lambda row: replace(row, pinned=""))
    table = _map(table, lambda row: row.next_narrator == name, lambda row: replace(row, next_narrator=""))
    return _map(table, lambda row: row.narrator == name, lambda row: _unowned(row, reason))


def reader_lost(table: Table, name: str, reason: str) -> Table:
    """A reader is gone: its partitions stay where they are, but their narrators begin a new generation."""
    for row in table:
        if row.reader == name:
            table = handing_over(table, row.partition, reason, narrator=row.narrator)
            table = lost(table, row.partition, row.generation, reason)
    return _map(table, lambda row: row.next_reader == name, lambda row: replace(row, next_reader=""))


def _is(row: Ownership, partition: int, generation: int, *phases: Phase) -> bool:
    return (row.partition, row.generation) == (partition, generation) and row.phase in phases


def _unowned(row: Ownership, reason: str) -> Ownership:
    return replace(row, phase=Phase.UNOWNED, narrator="", reader="", reason=reason)


def _map(
    table: Table, matches: Callable[[Ownership], bool], change: Callable[[Ownership], Ownership]
) -> Table:
    return tuple(change(row) if matches(row) else row for row in table)
