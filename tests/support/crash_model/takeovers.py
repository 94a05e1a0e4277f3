"""What a takeover may find: nothing is forgotten, skipped or lost without being told."""

from __future__ import annotations

from operators.narrator.types import FramePosition
from pipeline.commit.recovered import RecoveredPartition
from tests.support.crash_model.cameras import MAX_INDEX, STREAMS, Cameras
from tests.support.crash_model.promises import require
from tests.support.crash_model.readers import NarrationReader, StreamLog
from tests.support.crash_model.toy_process import ToyNarrator
from tests.support.crash_model.toy_stream import Memory
from tests.support.crash_model.world import World


def check_takeover(narrator: ToyNarrator, world: World, reader: NarrationReader, position: int) -> None:
    """Raise ViolationError if the takeover broke a promise; `position` is the committed one."""
    recovery = narrator.session.recovery
    for stream in STREAMS:
        log = reader.streams[stream]
        for offset in world.cameras.of_stream[stream]:
            # What retention took before anybody had to do with it: others may judge what comes otherwise.
            log.is_partly_deleted |= position <= offset < recovery.position
        _check_memory(recovery, stream, world, log, is_first=position == 0)
        _check_reading(recovery, stream, world, log)


def _check_memory(
    recovery: RecoveredPartition, stream: str, world: World, log: StreamLog, *, is_first: bool
) -> None:
    """Every frame up to where the state ends is in it, or it is told that it is not."""
    recovered = recovery.streams.get(stream)
    is_over = recovered is None or recovered.ended
    covered = recovery.streams[stream].covered if stream in recovery.streams else FramePosition(-1)
    if is_over:
        covered = max(covered, FramePosition(recovery.committed_position - 1, MAX_INDEX))
    seen = FramePosition(_last_end(world.cameras, stream, recovery.needed_from(stream)), MAX_INDEX)
    if recovered is not None and recovered.snapshot is not None:
        seen = Memory.of(recovered.snapshot).last or seen
    told = [*log.deleted, *([recovery.lost_frames] if recovery.lost_frames else [])]
    is_all_lost = recovered is not None and recovered.lost_state
    for frame in world.cameras.frames_of(stream, seen, covered, refused=False):
        if frame > seen and frame not in log.left_out and frame > log.lost_through:
            is_told = is_all_lost or any(first <= frame.offset <= last for first, last in told)
            # Before the first commit there is nothing that anybody could have seen.
            is_told |= is_first
            require(is_told, "no stream forgets or misses a frame without telling", stream, frame)
            if is_over:
                # There is no stream any more, or not yet, of which it could be told: only the log does.
                log.lost_through = frame


def _check_reading(recovery: RecoveredPartition, stream: str, world: World, log: StreamLog) -> None:
    """Every frame behind the state is read again, unless it is deleted."""
    recovered = recovery.streams.get(stream)
    for offset in world.cameras.of_stream[stream]:
        if recovery.needed_from(stream) <= offset < recovery.position:
            last = world.cameras.sent[offset].last_position(offset)
            if recovered is not None and recovered.ended and offset < world.broker.beginning:
                # It may be of the stream's next life, in which nobody can know of it.
                log.lost_through = max(log.lost_through, last)
            is_settled = recovered is not None and (recovered.ended or last <= recovered.covered)
            is_settled |= last <= log.lost_through
            require(is_settled or offset in world.cameras.refused, "no record is passed over", stream, offset)


def _last_end(cameras: Cameras, stream: str, before: int) -> int:
    """Offset of the last record before an offset that ended the stream."""
    ends = [
        o for o in cameras.of_stream[stream] if o in cameras.taken and cameras.sent[o].ends and o < before
    ]
    return max(ends, default=-1)
