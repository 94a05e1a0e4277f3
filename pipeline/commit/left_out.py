"""Frames of one stream that were left out and are not told yet."""

from dataclasses import dataclass

from operators.narrator.types import FramePosition
from pipeline.messages.events import FrameRange, Shed, ShedReason

MAX_RANGES = 500
"""More make an event that is slow to read; they are told before that."""


@dataclass(slots=True)
class _Group:
    epoch: int
    start_ns: int
    end_ns: int
    ranges: list[FrameRange]


class LeftOutFrames:
    """Mutable; touches nothing but itself. Successive frames become one range."""

    def __init__(self) -> None:
        self._groups: dict[ShedReason, _Group] = {}
        self._num_ranges = 0
        self._since_s = 0.0
        self._last: tuple[FramePosition, ShedReason] | None = None

    @property
    def is_full(self) -> bool:
        """So many ranges that they should be told now."""
        return self._num_ranges >= MAX_RANGES

    def wait_s(self, now_s: float) -> float:
        """For how long the first of them has waited; 0 if there are none."""
        return now_s - self._since_s if self._groups else 0.0

    def add(
        self, position: FramePosition, reason: ShedReason, epoch: int, capture_ns: int, now_s: float
    ) -> None:
        """One more frame was left out, behind all before it."""
        if not self._groups:
            self._since_s = now_s
        group = self._groups.get(reason)
        if group is None:
            group = self._groups[reason] = _Group(epoch, capture_ns, capture_ns, [])
        group.epoch, group.end_ns = epoch, capture_ns
        if group.ranges and self._last == (group.ranges[-1].last, reason):
            before = group.ranges[-1]
            group.ranges[-1] = FrameRange(before.first, position, before.num_frames + 1)
        else:
            group.ranges.append(FrameRange(position, position, 1))
            self._num_ranges += 1
        self._last = (position, reason)

    def shown(self, position: FramePosition) -> None:
        """A frame was dealt with; unless it is the last one that was left out, a range ends before it."""
        if self._last is not None and self._last[0] != position:
            self._last = None

    def take(self) -> list[Shed]:
        """All that is to be told, one event for each reason; nothing is left after that."""
        told = [
            Shed(reason, group.epoch, group.start_ns, group.end_ns, tuple(group.ranges))
            for reason, group in self._groups.items()
        ]
        self._groups = {}
        self._num_ranges = 0
        # What was told is committed as it is: a range does not grow any more.
        self._last = None
        return told
