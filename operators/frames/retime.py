"""Re-timing: from frames at any times to a steady grid of ticks."""

import math
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

_SAME_TIME_S = 1e-6
"""Times nearer than this are equal: containers store times as fractions that floats can't hold."""


def nearest_to_ticks(
    timed: Iterable[tuple[float, Item]], fps: float, max_gap_s: float = math.inf
) -> Iterator[tuple[int, Item]]:
    """Pick for every tick k / fps the item nearest in time; of two equally near ones the earlier.

    Items are held back only until one at or after the tick has come, so a live source is delayed by one item.
    Items that go back in time are left out. The last item lasts as long as the one before it did.

    Args:
        timed: Pairs (time in seconds, item); the first time counts as 0.
        fps: Ticks a second, more than 0.
        max_gap_s: Ticks that are farther than this from every item are left out (a camera that was away).

    Yields:
        Pairs (k, item), k rising from 0.
    """
    if not fps > 0:
        raise ValueError(f"fps must be more than 0, not {fps}")
    start_s = last_s = duration_s = 0.0
    last: Item | None = None
    tick = 0
    for at_s, item in timed:
        if last is None:
            start_s, last = at_s, item
        time_s = at_s - start_s
        if time_s < last_s:
            continue
        duration_s = time_s - last_s or duration_s
        while tick / fps <= time_s + _SAME_TIME_S:
            before_s, after_s = tick / fps - last_s, time_s - tick / fps
            if min(before_s, after_s) <= max_gap_s:
                yield tick, last if before_s <= after_s + _SAME_TIME_S else item
            tick += 1
        last_s, last = time_s, item
    if last is None:
        return
    while tick / fps < last_s + duration_s - _SAME_TIME_S and tick / fps - last_s <= max_gap_s:
        yield tick, last
        tick += 1
