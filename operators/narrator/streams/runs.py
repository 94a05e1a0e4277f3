"""Runs of tokens that stand one after another, and ranges of their positions."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(slots=True)
class Run:
    """Tokens that lie one after another, in their region and in position.

    Attributes:
        start: Place of the first token, counted from the region's beginning; in the ring it only grows and is
            taken modulo the ring's size.
        position: Position of the first token.
        length: Tokens.
    """

    start: int
    position: int
    length: int

    def first(self, count: int) -> "Run":
        """The first `count` tokens."""
        return Run(self.start, self.position, count)

    def without_first(self, count: int) -> "Run":
        """All but the first `count` tokens."""
        return Run(self.start + count, self.position + count, self.length - count)


def merged_ranges(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sort ranges (first, last), both included, and join those that touch."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and merged[-1][1] + 1 == first:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return merged
