"""Which partition moves next, if any: one at a time, and only if that clearly helps. A pure policy."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from pipeline.supervisor.placement import SLACK, ranking
from pipeline.supervisor.table import Ownership, Phase, Table

TOO_MUCH = 0.7
"""A partition with more than this share of the difference would make the next one move back."""

TOO_LITTLE = 0.2
"""A partition with less than this share of the average load changes nothing."""

NEARLY_BEST = 0.5
"""Among moves that bring at least this share of what the best one does, the one that leads home is taken."""

REST_S = 30.0
"""A partition that was moved for the sake of balance is not moved again for so long: loads fluctuate."""


@dataclass(frozen=True, slots=True)
class Move:
    """A partition that is to move.

    Attributes:
        partition: Partition number.
        narrator: Where to.
        reader: Who reads it then; "" if any will do.
        reason: Why, for people.
    """

    partition: int
    narrator: str
    reader: str
    reason: str


def move_to_pin(table: Table, narrators: Collection[str]) -> Move | None:
    """An owned partition that somebody wants at another narrator that can take it."""
    for row in table:
        if row.phase is Phase.OWNED and row.pinned in narrators and row.pinned != row.narrator:
            return Move(row.partition, row.pinned, "", f"was moved to {row.pinned}")
    return None


def rebalance(
    table: Table,
    narrators: Collection[str],
    readers: Collection[str],
    weights: Sequence[float],
    resting: Collection[int] = (),
) -> Move | None:
    """A move that takes load from the actor that has most to the one of its kind that has least.

    An actor that was replaced has none at first. Loads that differ from the average by no more than `SLACK`
    of it are left alone. Nothing moves while something is not owned, so that moves come to their end one by
    one. Pinned partitions stay.

    Args:
        table: What is owned now.
        narrators: Names of those that are ready.
        readers: Names of those that are ready.
        weights: Load of each partition, in any unit.
        resting: Partitions that stay where they are.
    """
    if any(row.phase is not Phase.OWNED for row in table):
        return None
    movable = [row for row in table if row.partition not in resting]
    unpinned = [row for row in movable if not row.pinned]
    if found := _lighten(table, unpinned, narrators, _narrator_of, weights):
        row, name, reason = found
        return Move(row.partition, name, "", reason)
    if found := _lighten(table, movable, readers, _reader_of, weights):
        row, name, reason = found
        return Move(row.partition, row.narrator, name, reason)
    return None


def _lighten(
    table: Table,
    movable: Sequence[Ownership],
    names: Collection[str],
    owner: Callable[[Ownership], str],
    weights: Sequence[float],
) -> tuple[Ownership, str, str] | None:
    loads = {name: sum(weights[row.partition] for row in table if owner(row) == name) for name in names}
    if not loads:
        return None
    most = max(loads, key=lambda name: (loads[name], name))
    least = min(loads, key=lambda name: (loads[name], name))
    average, difference = sum(weights) / len(loads), loads[most] - loads[least]
    if loads[most] <= (1.0 + SLACK) * average and loads[least] >= (1.0 - SLACK) * average:
        return None
    bounds = TOO_LITTLE * sum(weights) / len(weights), TOO_MUCH * difference
    gains = {
        row: min(weights[row.partition], difference - weights[row.partition])
        for row in movable
        if owner(row) == most and bounds[0] <= weights[row.partition] <= bounds[1]
    }
    if not gains:
        return None
    enough = NEARLY_BEST * max(gains.values())
    homeward = [row for row, gain in gains.items() if gain >= enough]
    row = min(homeward, key=lambda row: (ranking(row.partition, names).index(least), row.partition))
    shares = f"{loads[most] / sum(weights):.0%} of the load, {least} has {loads[least] / sum(weights):.0%}"
    return row, least, f"{most} has {shares}"


def _narrator_of(row: Ownership) -> str:
    return row.narrator


def _reader_of(row: Ownership) -> str:
    return row.reader
