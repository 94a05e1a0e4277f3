"""Records that wait in a narrator, and the answer to the batch that they came with."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from operators.narrator.types import FramePosition
from pipeline.messages.records import Entry, FramesEntry, Receipt


@dataclass(slots=True, eq=False)
class Ticket:
    """Answers a batch when all its records are done.

    Attributes:
        num_left: Records that are not done.
        answer: Called once, with the receipt; may be called from any thread.
    """

    num_left: int
    answer: Callable[[Receipt], None]

    def record_done(self) -> None:
        """One more record is done."""
        self.num_left -= 1
        if self.num_left == 0:
            self.answer(Receipt.PROCESSED)

    def refuse(self) -> None:
        """The partition is lost: the rest will not be done."""
        if self.num_left > 0:
            self.num_left = 0
            self.answer(Receipt.NOT_OWNED)


@dataclass(slots=True, eq=False)
class Work:
    """One record that waits for the engine.

    Attributes:
        entry: The record.
        features: Features of its kept frames [K, N, D]; None if it has none.
        ticket: Of its batch.
        next_frame: Index of its first frame that is not dealt with.
        next_row: Row of the features of the first kept frame from there on.
        has_begun: The record had its turn.
    """

    entry: Entry
    features: NDArray[np.float32] | None
    ticket: Ticket
    next_frame: int = 0
    next_row: int = 0
    has_begun: bool = False

    @property
    def num_frames(self) -> int:
        """Frames of the record."""
        return self.entry.headers.num_frames if isinstance(self.entry, FramesEntry) else 0

    @property
    def has_frames_left(self) -> bool:
        """Not all of its frames are processed."""
        return self.next_frame < self.num_frames

    @property
    def is_kept(self) -> bool:
        """The next frame is to be shown to the model."""
        kept = self.entry.kept if isinstance(self.entry, FramesEntry) else ()
        return self.next_row < len(kept) and kept[self.next_row] == self.next_frame

    @property
    def ends_stream(self) -> bool:
        """The stream ends behind its frames."""
        return isinstance(self.entry, FramesEntry) and self.entry.headers.end_of_stream

    @property
    def position(self) -> FramePosition:
        """Position of the next frame."""
        return FramePosition(self.entry.link.offset, self.next_frame)

    def frame_done(self) -> None:
        """The next frame is dealt with."""
        self.next_row += self.is_kept
        self.next_frame += 1
