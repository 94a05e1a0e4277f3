"""Who owns which partition: an immutable table.

UNOWNED → TAKING_OVER → OWNED, and back to UNOWNED when the narrator, a takeover or a commit fails. One that
leaves a living narrator, or whose reader is gone, is first HANDING_OVER: its narrator writes all down, and
the next owner repeats nothing. Every takeover has a generation of its own, larger than all before it.
"""

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """How far the ownership of a partition is."""

    UNOWNED = "unowned"
    TAKING_OVER = "taking-over"
    OWNED = "owned"
    HANDING_OVER = "handing-over"


@dataclass(frozen=True, slots=True)
class Ownership:
    """One partition.

    Attributes:
        partition: Partition number.
        phase: How far it is.
        generation: The generation that was given out last; 0 before the first.
        narrator: Name of its narrator; "" while unowned.
        reader: Name of its reader; "" while unowned.
        reason: Why it is not owned, or moves; "" while it is owned.
        next_narrator: Narrator that it moves to; "" if any will do.
        next_reader: Reader that it moves to; "" if any will do.
        pinned: Narrator that somebody moved it to; it stays there until that one is gone. "" if nobody did.
        shunned: Narrator whose takeover failed last: another one may do better. "" if none failed.
        since_s: When it was taken over, monotonic seconds; counts while it is OWNED.
    """

    partition: int
    phase: Phase = Phase.UNOWNED
    generation: int = 0
    narrator: str = ""
    reader: str = ""
    reason: str = "not yet assigned"
    next_narrator: str = ""
    next_reader: str = ""
    pinned: str = ""
    shunned: str = ""
    since_s: float = 0.0


Table = tuple[Ownership, ...]
"""All partitions, in order."""


def new_table(num_partitions: int) -> Table:
    """The table before anything is assigned."""
    return tuple(Ownership(partition) for partition in range(num_partitions))
