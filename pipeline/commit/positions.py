"""Which records of a partition are still needed, and how far the partition's position may therefore go."""

import bisect
import heapq

from operators.narrator.types import FramePosition


class OpenPositions:
    """Records of one partition from their delivery until nothing needs them any more.

    A position opens when its record is delivered, whatever comes of it later. (The minimum over the streams
    that have state would pass over a stream that was delivered and has none yet.)

    Deliveries may come out of order when a record was on its way twice; a link to the record before it closes
    the gaps: the position never passes a record that was not delivered.

    Args:
        start: First offset that is read.
    """

    def __init__(self, start: int) -> None:
        self._streams: dict[int, str] = {}
        self._by_stream: dict[str, list[int]] = {}
        self._lowest: list[int] = []
        self._highest = start - 1
        self._frontier = start - 1
        self._links: dict[int, int] = {}

    @property
    def position(self) -> int:
        """Lowest offset that is open or not yet delivered."""
        while self._lowest and self._lowest[0] not in self._streams:
            heapq.heappop(self._lowest)
        after_delivered = self._frontier + 1
        return min(self._lowest[0], after_delivered) if self._lowest else after_delivered

    @property
    def num_open(self) -> int:
        """Number of open records."""
        return len(self._streams)

    def deliver(self, offset: int, previous: int | None = None) -> bool:
        """A record was delivered.

        Args:
            offset: Its offset.
            previous: Offset of the record that was read just before it from the partition (`start - 1` for
                the first one); None if records are delivered in the order in which they were read.

        Returns:
            False if it was delivered before.

        Raises:
            ValueError: Without `previous`, a record came after one with a higher offset: it can't be told
                whether it was delivered before.
        """
        if previous is None:
            if offset <= self._highest:
                if offset in self._streams:
                    return False
                raise ValueError(f"offset {offset} is delivered after {self._highest}, and without a link")
            previous = self._highest
        elif offset <= self._frontier or previous in self._links:
            return False
        self._highest = max(self._highest, offset)
        self._links[previous] = offset
        while (following := self._links.pop(self._frontier, None)) is not None:
            self._frontier = following
        return True

    def open(self, stream: str, offset: int) -> None:
        """The record is needed; nothing happens if it is open already."""
        if offset not in self._streams:
            self._streams[offset] = stream
            heapq.heappush(self._lowest, offset)
            bisect.insort(self._by_stream.setdefault(stream, []), offset)

    def close(self, offset: int) -> None:
        """The record is not needed any more; nothing happens if it is not open."""
        stream = self._streams.pop(offset, None)
        if stream is not None:
            self._by_stream[stream].remove(offset)
            self._drop_if_empty(stream)

    def close_through(self, stream: str, position: FramePosition, complete: bool) -> None:
        """The stream's records up to `position` are not needed any more.

        Args:
            complete: `position` is the last frame of its record; otherwise that record stays open.
        """
        offsets = self._by_stream.get(stream, [])
        end = position.offset + 1 if complete else position.offset
        num_closed = bisect.bisect_left(offsets, end)
        for offset in offsets[:num_closed]:
            del self._streams[offset]
        del offsets[:num_closed]
        self._drop_if_empty(stream)

    def has_open(self, stream: str) -> bool:
        """Whether a record of the stream is open."""
        return stream in self._by_stream

    def needed_from(self, stream: str) -> int:
        """Lowest offset that may be that of an open or not yet delivered record of the stream."""
        offsets = self._by_stream.get(stream)
        after_delivered = self._frontier + 1
        return min(offsets[0], after_delivered) if offsets else after_delivered

    def saved_by_snapshot(self, stream: str, position: FramePosition) -> int:
        """By how many offsets a snapshot at `position` would raise the stream's lowest needed record."""
        offsets = self._by_stream.get(stream)
        if not offsets:
            return 0
        after = bisect.bisect_right(offsets, position.offset)
        return (offsets[after] if after < len(offsets) else self._frontier + 1) - offsets[0]

    def _drop_if_empty(self, stream: str) -> None:
        if not self._by_stream.get(stream, True):
            del self._by_stream[stream]
