"""What actors say they hold, against the table.

Pure policies: how a new supervisor finds its place, and how strays are found. Narrators and readers go on
without a supervisor, so they know better than a new one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pipeline.supervisor.assignment import outpaced
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.table import Ownership, Phase, Table, new_table


@dataclass(frozen=True, slots=True)
class Holding:
    """A generation of a partition in the hands of an actor.

    Attributes:
        kind: NARRATOR or READER.
        actor: Name of the actor.
        partition: Partition number.
        generation: Which generation.
    """

    kind: Kind
    actor: str
    partition: int
    generation: int


def table_of(
    num_partitions: int, holdings: Iterable[Holding], given_up: Iterable[Holding], now_s: float
) -> Table:
    """The table of a supervisor that finds actors at work.

    A partition that a narrator and a reader hold with the same generation, and nobody with a higher one, is
    OWNED.

    Args:
        num_partitions: Number of partitions.
        holdings: What actors hold.
        given_up: What they say that they have lost.
        now_s: Monotonic time.

    Returns:
        The table; whatever is not owned has the highest generation that was seen.
    """
    rows = list(new_table(num_partitions))
    held = set(holdings)
    everything = held | set(given_up)
    for partition in range(num_partitions):
        generation = max((h.generation for h in everything if h.partition == partition), default=0)
        owners = {
            kind: next((h.actor for h in held if h == Holding(kind, h.actor, partition, generation)), "")
            for kind in (Kind.NARRATOR, Kind.READER)
        }
        row = replace(
            rows[partition], generation=generation, reason="was not owned when the supervisor began"
        )
        if owners[Kind.NARRATOR] and owners[Kind.READER]:
            narrator, reader = owners[Kind.NARRATOR], owners[Kind.READER]
            row = Ownership(partition, Phase.OWNED, generation, narrator, reader, "", since_s=now_s)
        rows[partition] = row
    return tuple(rows)


def strays(table: Table, holdings: Iterable[Holding]) -> tuple[Holding, ...]:
    """Generations that actors hold though they were taken from them: they must be told."""
    return tuple(h for h in holdings if not _is_wanted(table[h.partition], h))


def note_strays(table: Table, found: Iterable[Holding]) -> Table:
    """Begin above the generations of strays: somebody else may have given them out."""
    for stray in found:
        table = outpaced(table, stray.partition, stray.generation, f"{stray.actor} has a higher generation")
    return table


def missing(table: Table, actor: str, asked_s: float, held: Iterable[Holding]) -> tuple[Ownership, ...]:
    """Partitions that an actor owns in the table, but not in its own words.

    Args:
        table: The table.
        actor: Name of a narrator or reader that has said what it holds.
        asked_s: When it was asked, monotonic: what it got later it could not know.
        held: What it holds.
    """
    known = {(h.partition, h.generation) for h in held if h.actor == actor}
    return tuple(
        row
        for row in table
        if row.phase is Phase.OWNED and row.since_s < asked_s and actor in (row.narrator, row.reader)
        if (row.partition, row.generation) not in known
    )


def _is_wanted(row: Ownership, holding: Holding) -> bool:
    name = row.narrator if holding.kind is Kind.NARRATOR else row.reader
    return (row.generation, name) == (holding.generation, holding.actor)
