"""Which frames of a partition's records are narrated: what was decided before, settings, rate, overload.

Deciding needs headers only, so that what is left out need not be decoded.
"""

import bisect
from collections.abc import Mapping
from dataclasses import dataclass

from operators.narrator.types import FramePosition
from pipeline.messages.camera import CameraBook
from pipeline.messages.events import ShedReason
from pipeline.messages.reading import ReadingPlan, StreamStart
from pipeline.reader.allocation import Demand
from pipeline.reader.rate import RateState, keep_frame
from pipeline.wire.frame_record import FrameHeaders


@dataclass(frozen=True, slots=True)
class Choice:
    """What becomes of the frames of one record.

    Attributes:
        kept: Indices of the frames that are narrated, rising.
        left_out_because: Why all others are left out; None if there are none. Of several reasons it is
            overload.
        is_flood: The kept frames came faster than the stream's rate by the broker's clock, for example from a
            recording that is sent at once: they may wait.
    """

    kept: tuple[int, ...]
    left_out_because: ShedReason | None
    is_flood: bool = False


@dataclass(slots=True)
class _Stream:
    """What is remembered of a stream: its rate by both clocks, and what is left of its share of frames."""

    rate: RateState | None = None
    arrival: RateState | None = None
    share: float = 0.0
    num_frames: int = 0


class FrameChoice:
    """Of one partition in one generation. Mutable, not thread-safe.

    Args:
        plan: What was decided before the takeover, and the rate of cameras without one of their own.
    """

    def __init__(self, plan: ReadingPlan) -> None:
        self._plan = plan
        self._cameras = CameraBook()
        self._ratios: Mapping[str, float] = {}
        self._streams: dict[str, _Stream] = {}

    def set_cameras(self, cameras: CameraBook) -> None:
        """Use these settings from the next record on."""
        self._cameras = cameras

    def set_ratios(self, ratios: Mapping[str, float]) -> None:
        """Keep these shares of the streams' frames; all frames of the streams that are not named."""
        self._ratios = ratios

    def take_demands(self) -> dict[str, Demand]:
        """Frames that came since the last call and that settings and rate let pass, by stream."""
        demands = {
            name: Demand(self._cameras.of(name).priority, stream.num_frames)
            for name, stream in self._streams.items()
            if stream.num_frames
        }
        for stream in self._streams.values():
            stream.num_frames = 0
        return demands

    def choose(self, stream: str, offset: int, headers: FrameHeaders, append_ms: int) -> Choice:
        """Decide on the frames of a stream's next record.

        Args:
            stream: Stream id.
            offset: Offset of the record.
            headers: Its headers.
            append_ms: When the broker took it, Unix milliseconds.
        """
        num_frames = headers.num_frames
        start = self._plan.streams.get(stream)
        num_decided = _num_decided(start, offset, num_frames)
        kept = [index for index in range(num_decided) if not _was_left_out(start, offset, index)]
        was_left_out = len(kept) < num_decided
        reason: ShedReason | None = None
        if num_decided < num_frames and not self._cameras.of(stream).enabled:
            reason = ShedReason.DISABLED
        else:
            memory = self._streams.setdefault(stream, _Stream())
            for index in range(num_frames):
                is_due = self._is_due(stream, memory, headers.capture_times_ns[index])
                if index < num_decided:
                    continue
                if not is_due:
                    reason = reason or ShedReason.RATE
                elif self._has_room(stream, memory):
                    kept.append(index)
                else:
                    reason = ShedReason.OVERLOAD
        reason = reason or (ShedReason.OVERLOAD if was_left_out else None)
        choice = Choice(tuple(kept), reason, self._is_flood(stream, kept, headers, append_ms))
        if headers.end_of_stream:
            self._streams.pop(stream, None)
        return choice

    def _fps(self, stream: str) -> float:
        return self._cameras.of(stream).fps or self._plan.fps

    def _is_due(self, stream: str, memory: _Stream, capture_ns: int) -> bool:
        memory.rate, keeps = keep_frame(memory.rate, capture_ns, self._fps(stream))
        return keeps

    def _is_flood(self, stream: str, kept: list[int], headers: FrameHeaders, append_ms: int) -> bool:
        memory = self._streams.get(stream)
        if memory is None or not kept:
            return False
        # A group of pictures is sent at its end: until then its frames came one after the other.
        behind_capture_ns = append_ms * 1_000_000 - headers.capture_times_ns[-1]
        for index in kept:
            arrived_ns = headers.capture_times_ns[index] + behind_capture_ns
            memory.arrival, _ = keep_frame(memory.arrival, arrived_ns, self._fps(stream))
        return memory.arrival is not None and memory.arrival.spare < 0

    def _has_room(self, stream: str, memory: _Stream) -> bool:
        """Spread the frames that are kept evenly over those that came."""
        memory.num_frames += 1
        memory.share += self._ratios.get(stream, 1.0)
        if memory.share < 1.0:
            return False
        memory.share -= 1.0
        return True


def _num_decided(start: StreamStart | None, offset: int, num_frames: int) -> int:
    """How many of a record's frames lie at or before the last one that was decided on."""
    if start is None:
        return 0
    through = max(start.decided_through, start.covered)
    if offset < through.offset:
        return num_frames
    return min(through.index + 1, num_frames) if offset == through.offset else 0


def _was_left_out(start: StreamStart | None, offset: int, index: int) -> bool:
    if start is None:
        return False
    position = FramePosition(offset, index)
    at = bisect.bisect_right(start.left_out, position, key=lambda frames: frames.first)
    return at > 0 and position <= start.left_out[at - 1].last
