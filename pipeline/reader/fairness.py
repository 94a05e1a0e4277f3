"""How much a partition may have on its way: less while it is behind and others are not. Pure.

What is live goes first everywhere: here, in the encoders and in the narrators. A partition that was not read
for an hour, or that is flooded, is worked off with what is left over, in small batches, so that nothing live
ever waits behind a large one. A lag that all partitions have alike puts none of them behind the others: then
more comes than can be narrated, and all are late alike.
"""

from dataclasses import dataclass
from math import inf

BEHIND_S = 30.0
"""A record that waited in the log for longer is behind. What was missed while a process was replaced is less,
and is made good at full speed."""

CAUGHT_UP_S = 1.0
"""A record that waited for less shows that the backlog is gone."""

FLOOD_S = 2.0
"""Records that came faster than their stream's rate put their partition behind for so long."""

LIVE_FOR_S = 5.0
"""A partition counts as live for so long after its last live record."""

BEHIND_PART = 4
"""A partition that is behind has this part of what the live ones have."""


@dataclass(frozen=True, slots=True)
class LaneBounds:
    """What one partition may have.

    Attributes:
        max_frames: Frames of one batch, unless a single record has more.
        max_with_frames: Records with frames in flight.
    """

    max_frames: int
    max_with_frames: int

    def while_behind(self) -> "LaneBounds":
        """What is left of it for a partition that is behind while others are live."""
        return LaneBounds(max(self.max_frames // BEHIND_PART, 1), max(self.max_with_frames // BEHIND_PART, 1))


@dataclass(frozen=True, slots=True)
class Urgency:
    """Whether a partition is behind the others. It is at first, until its records are young.

    Attributes:
        has_backlog: Its records have been old since its reading began, or since it was flooded.
        flooded_at_s: When the last record came faster than its stream's rate.
        live_at_s: When it last had a record that was not behind.
    """

    has_backlog: bool = True
    flooded_at_s: float = -inf
    live_at_s: float = -inf

    def after(self, now_s: float, age_s: float, *, is_flood: bool) -> "Urgency":
        """Urgency after a record was taken.

        Args:
            now_s: Unix time in seconds.
            age_s: For how long the record was in the log.
            is_flood: It came faster than its stream's rate.
        """
        flooded_at_s = now_s if is_flood else self.flooded_at_s
        has_backlog = is_flood or (self.has_backlog and age_s >= CAUGHT_UP_S)
        urgency = Urgency(has_backlog, flooded_at_s, self.live_at_s)
        return urgency if urgency.is_behind(now_s, age_s) else Urgency(has_backlog, flooded_at_s, now_s)

    def is_behind(self, now_s: float, age_s: float) -> bool:
        """Whether a record that was in the log for so long is to wait for live ones."""
        is_flooded = now_s - self.flooded_at_s < FLOOD_S
        return is_flooded or (self.has_backlog and age_s > BEHIND_S)

    def is_live(self, now_s: float) -> bool:
        """It had live records just now."""
        return now_s - self.live_at_s < LIVE_FOR_S
