"""What an encoder computes next: live frames first, and a share for those that are behind. Pure.

Frames that are behind come in pieces, so that live ones wait for a piece at most. Every fourth batch is one
of theirs if live frames never end, and all are if there are no live ones.
"""

from collections import deque
from dataclasses import dataclass
from math import inf
from typing import Generic, TypeVar

BEHIND_EVERY = 4
"""One batch of so many is for frames that are behind, whatever waits."""

PIECE_S = 0.02
"""A piece takes about so long while there are live frames at all, and has a frame at least."""

REST = 2.0
"""Where frames are encoded on the cores that all processes share, pieces are followed by so many times their
own duration without any, while there are live frames."""

LIVE_FOR_S = 2.0
"""There are live frames for so long after the last ones."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Piece(Generic[Item]):
    """Some frames of a request.

    Attributes:
        item: The request.
        start: Its first frame that is in the piece.
        stop: Behind the last one.
        is_last: Nothing of the request comes after it.
    """

    item: Item
    start: int
    stop: int
    is_last: bool


class EncoderSchedule(Generic[Item]):
    """Requests that wait for one encoder. Mutable, not thread-safe.

    Args:
        max_batch: Frames that are encoded at once, at most.
        shares_cores: Encoding takes the cores from the other processes that live frames need.
    """

    def __init__(self, max_batch: int, *, shares_cores: bool = False) -> None:
        self._max_batch = max_batch
        self._rest = REST if shares_cores else 0.0
        self._live: deque[tuple[Item, int]] = deque()
        self._behind: deque[tuple[Item, int]] = deque()
        self._next_frame = {True: 0, False: 0}
        self._num_live_batches = 0
        self._live_at_s = -inf
        self._frame_s = 0.0
        self._rests_until_s = -inf

    def add(self, item: Item, num_frames: int, *, is_behind: bool) -> None:
        """A request with at least one frame came."""
        (self._behind if is_behind else self._live).append((item, num_frames))

    def wait_s(self, now_s: float) -> float:
        """How long to wait for requests before the next batch; infinity if nothing waits."""
        if self._live:
            return 0.0
        if not self._behind:
            return inf
        return max(self._rests_until_s - now_s, 0.0) if self._has_live(now_s) else 0.0

    def next_batch(self, now_s: float) -> list[Piece[Item]]:
        """The frames to be encoded now, in pieces of requests; [] if nothing waits."""
        if self._live:
            self._live_at_s = now_s
        if self._live and not (self._behind and self._num_live_batches >= BEHIND_EVERY - 1):
            self._num_live_batches += 1
            return self._take(self._max_batch, is_behind=False)
        self._num_live_batches = 0
        num_frames = self._max_batch
        if self._has_live(now_s) and self._frame_s:
            num_frames = min(max(round(PIECE_S / self._frame_s), 1), self._max_batch)
            self._rests_until_s = now_s + num_frames * self._frame_s * (1.0 + self._rest)
        return self._take(num_frames, is_behind=True)

    def took(self, num_frames: int, seconds: float) -> None:
        """A batch of so many frames took so long."""
        frame_s = seconds / num_frames
        self._frame_s += (frame_s - self._frame_s) * (0.2 if self._frame_s else 1.0)

    def _has_live(self, now_s: float) -> bool:
        return bool(self._live) or now_s - self._live_at_s < LIVE_FOR_S

    def _take(self, num_frames: int, *, is_behind: bool) -> list[Piece[Item]]:
        queue = self._behind if is_behind else self._live
        pieces = []
        while queue and num_frames:
            item, item_frames = queue[0]
            start = self._next_frame[is_behind]
            stop = min(start + num_frames, item_frames)
            pieces.append(Piece(item, start, stop, stop == item_frames))
            num_frames -= stop - start
            self._next_frame[is_behind] = stop
            if stop == item_frames:
                queue.popleft()
                self._next_frame[is_behind] = 0
        return pieces
