"""When a stream's state is written to the store again."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SnapshotPolicy:
    """Bounds of what a recovery has to replay.

    Attributes:
        every_segments: Narrations between two snapshots.
        every_s: Seconds between two snapshots of a stream that moved on.
        lag_records: Records of the partition that one stream may hold back.
    """

    every_segments: int
    every_s: float
    lag_records: int

    def is_due(self, *, num_segments: int, age_s: float, num_records_saved: int) -> bool:
        """Decide for a stream that has moved on since its last snapshot.

        Args:
            num_segments: Narrations since then.
            age_s: Seconds since then.
            num_records_saved: Records that a recovery would not have to read again after a snapshot now.
        """
        return (
            num_segments >= self.every_segments
            or age_s >= self.every_s
            or num_records_saved > self.lag_records
        )
