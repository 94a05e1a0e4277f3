"""What comes for one narrator and what it gets through, over all partitions that are read for it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.reader.allocation import Demand, allocate
from pipeline.reader.lane import ReaderLane
from pipeline.reader.overload import LoadWindow, OverloadState, next_overload

_log = logging.getLogger(__name__)

WINDOW_S = 5.0
"""Shorter windows say little: whole batches come and go."""


@dataclass(frozen=True, slots=True)
class LaneEnd:
    """A partition, and where its log ends.

    Attributes:
        lane: The partition.
        end: Offset behind its last record.
    """

    lane: ReaderLane
    end: int


class NarratorLoad:
    """Adapts the share of the frames that is kept. Mutable, not thread-safe.

    The partitions of a narrator share its engine, so that priorities and fairness go across them.

    Args:
        shed_after_s: See `next_overload`.
    """

    def __init__(self, shed_after_s: float) -> None:
        self._shed_after_s = shed_after_s
        self._state = OverloadState()
        self._began_s: float | None = None
        self._before: dict[ReaderLane, tuple[int, int]] = {}

    def look(self, lanes: Sequence[LaneEnd], now_s: float) -> None:
        """Take note of where the partitions are; now and then, that changes what is kept of them."""
        if self._began_s is None:
            self._begin(lanes, now_s)
            return
        seconds = now_s - self._began_s
        if seconds < WINDOW_S:
            return
        before, self._state = (
            self._state,
            next_overload(self._state, self._window(lanes, now_s, seconds), self._shed_after_s),
        )
        demands: dict[str, Demand] = {}
        for item in lanes:
            demands |= item.lane.intake.choice.take_demands()
        ratios = allocate(demands, self._state.ratio) if self._state.ratio < 1.0 else {}
        for item in lanes:
            item.lane.intake.choice.set_ratios(ratios)
        self._tell(before, len(lanes))
        self._begin(lanes, now_s)

    def _begin(self, lanes: Sequence[LaneEnd], now_s: float) -> None:
        self._began_s = now_s
        self._before = {item.lane: (item.end, item.lane.taken) for item in lanes}

    def _window(self, lanes: Sequence[LaneEnd], now_s: float, seconds: float) -> LoadWindow:
        num_appended = num_passed = 0
        age_s = 0.0
        for lane, end in ((item.lane, item.end) for item in lanes if item.lane in self._before):
            end_before, taken_before = self._before[lane]
            waits = lane.taken < end
            if waits and lane.taken == taken_before:
                # It stands still: something is down, and what others leave out would not help.
                continue
            num_appended += end - end_before
            num_passed += lane.taken - taken_before
            age_s = max(age_s, lane.age_s(now_s) if waits else 0.0)
        return LoadWindow(seconds, age_s, num_appended, num_passed)

    def _tell(self, before: OverloadState, num_lanes: int) -> None:
        if self._state.is_overloaded and not before.is_overloaded:
            _log.warning(
                "more frames come than can be narrated: %d partitions keep %.0f %% of theirs for now",
                num_lanes,
                100 * self._state.ratio,
            )
        elif before.is_overloaded and not self._state.is_overloaded:
            _log.warning("all frames are kept again")
