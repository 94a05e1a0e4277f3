"""Puts records back in order: each names the one before it, and goes on only behind that one.

A pool of encoders answers out of order, and a reader that is not sure sends a batch twice. Both are undone
here, without waiting on time: a link is (generation, offset, previous offset of the same stream).
"""

from typing import Generic, TypeVar

from pipeline.messages.records import ChainLink

Item = TypeVar("Item")


class Chain(Generic[Item]):
    """The chains of all streams of one partition in one generation. Not thread-safe.

    What waits is bounded by the reader's credits: the missing record is among those in flight.

    Args:
        generation: Links of other generations are refused.
    """

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self._last: dict[str, int] = {}
        self._waiting: dict[tuple[str, int | None], tuple[int, Item]] = {}
        self._released: list[Item] = []

    def offer(self, stream: str, link: ChainLink, item: Item) -> bool:
        """Take an item in; it is released once all items before it were.

        Returns:
            False if it is dropped: of another generation, released before, or already waiting.
        """
        if link.generation != self.generation:
            return False
        if link.offset <= self._last.get(stream, -1) or (stream, link.previous) in self._waiting:
            return False
        self._waiting[stream, link.previous] = (link.offset, item)
        while (following := self._waiting.pop((stream, self._last.get(stream)), None)) is not None:
            self._last[stream], released = following
            self._released.append(released)
        return True

    def take(self) -> list[Item]:
        """The items released since the last call, each stream's in order."""
        released, self._released = self._released, []
        return released

    @property
    def num_waiting(self) -> int:
        """Items that wait for one before them."""
        return len(self._waiting)
