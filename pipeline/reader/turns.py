"""One round of a reader: at most one batch of each partition, the live ones first."""

from collections.abc import Iterable

from pipeline.reader.fairness import LaneBounds
from pipeline.reader.lane import OutgoingBatch, ReaderLane


def take_batches(
    lanes: Iterable[ReaderLane], bounds: LaneBounds, now_s: float
) -> list[tuple[ReaderLane, OutgoingBatch]]:
    """Take what may go now.

    Args:
        lanes: All partitions.
        bounds: What each may have; one that is behind has less while others are live.
        now_s: Unix time in seconds.
    """
    lanes = list(lanes)
    num_live = sum(1 for lane in lanes if lane.is_live(now_s))
    taken = []
    for lane in sorted(lanes, key=lambda lane: lane.is_behind(now_s)):
        others_are_live = num_live > lane.is_live(now_s)
        is_restrained = others_are_live and lane.is_behind(now_s)
        outgoing = lane.next_batch(bounds.while_behind() if is_restrained else bounds, now_s)
        if outgoing is not None:
            taken.append((lane, outgoing))
    return taken
