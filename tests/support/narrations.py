"""Narrations for tests that care only about where they stand."""

from math import nan

from operators.narrator.types import FramePosition, Narration


def narration(first: int, last: int) -> Narration:
    """The narration of the frames from one offset to another."""
    start, end = FramePosition(first), FramePosition(last)
    return Narration(0, start, end, 0, 0, "text", (last,), nan, nan, False, num_frames=last - first + 1)
