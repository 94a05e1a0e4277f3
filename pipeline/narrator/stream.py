"""One stream in a narrator: what waits for the engine, what must be replayed, what can be told about it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from operators.narrator.types import FramePosition, ReplayedDecision
from pipeline.commit.recovered import RecoveredStream
from pipeline.messages.health import StreamStatus
from pipeline.messages.records import Entry, FramesEntry, Receipt
from pipeline.reader.admission import AdmissionState


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
        features: Features of its frames [F, N, D]; None if it has none.
        ticket: Of its batch.
        next_frame: Index of its first frame that is not processed.
    """

    entry: Entry
    features: NDArray[np.float32] | None
    ticket: Ticket
    next_frame: int = 0

    @property
    def num_frames(self) -> int:
        """Frames of the record."""
        return self.entry.headers.num_frames if isinstance(self.entry, FramesEntry) else 0

    @property
    def has_frames_left(self) -> bool:
        """Not all of its frames are processed."""
        return self.next_frame < self.num_frames

    @property
    def ends_stream(self) -> bool:
        """The stream ends behind its frames."""
        return isinstance(self.entry, FramesEntry) and self.entry.headers.end_of_stream

    @property
    def position(self) -> FramePosition:
        """Position of the next frame."""
        return FramePosition(self.entry.link.offset, self.next_frame)


@dataclass(slots=True, eq=False)
class NarratedStream:
    """Mutable; only the engine's thread changes it.

    Attributes:
        name: Stream id.
        partition: Its partition.
        waiting: Its records in order.
        snapshot: State to open it from; None if it is open or begins anew.
        journal: Committed narrations by the position of their last frame: the decisions to be repeated.
        replay_through: Frames up to here repeat the journal; None if there is nothing to repeat.
        is_open: The engine has it.
        position: Its last frame in the engine's state; None before the first one since the takeover.
        admission: What had been taken of it after the record of that frame.
        snapshot_position: Position of the newest snapshot.
        last_step: Number of the engine's step that moved it last, to find the least active one.
        num_frames, num_narrations, num_dead_letters, last_capture_ns, last_text, ended: See StreamStatus.
    """

    name: str
    partition: int
    waiting: deque[Work] = field(default_factory=deque)
    snapshot: bytes | None = None
    journal: dict[FramePosition, tuple[int, ...]] = field(default_factory=dict)
    replay_through: FramePosition | None = None
    is_open: bool = False
    position: FramePosition | None = None
    admission: AdmissionState | None = None
    snapshot_position: FramePosition | None = None
    last_step: int = 0
    num_frames: int = 0
    num_narrations: int = 0
    num_dead_letters: int = 0
    last_capture_ns: int = 0
    last_text: str = ""
    ended: bool = False

    @classmethod
    def of(cls, name: str, partition: int, recovered: RecoveredStream | None) -> "NarratedStream":
        """The stream as a takeover found it; None for a new one."""
        if recovered is None:
            return cls(name, partition)
        return cls(
            name,
            partition,
            snapshot=recovered.snapshot,
            journal={segment.end: segment.token_ids for segment in recovered.journal},
            replay_through=max((segment.end for segment in recovered.journal), default=None),
            admission=recovered.admission,
            snapshot_position=recovered.covered,
            ended=recovered.ended,
        )

    def replayed_decision(self, position: FramePosition) -> ReplayedDecision | None:
        """What was committed about a frame; None if nothing was."""
        if self.replay_through is None or position > self.replay_through:
            return None
        return ReplayedDecision(self.journal.get(position))

    def begin_anew(self) -> None:
        """Forget state and journal: the next frame opens the stream as a new one."""
        self.snapshot, self.journal, self.replay_through, self.position = None, {}, None, None

    @property
    def has_news(self) -> bool:
        """A snapshot would hold more than the last one."""
        if self.position is None:
            return False
        return self.snapshot_position is None or self.position > self.snapshot_position

    def status(self) -> StreamStatus:
        """What can be told about it."""
        return StreamStatus(
            stream=self.name,
            partition=self.partition,
            frames=self.num_frames,
            narrations=self.num_narrations,
            dead_letters=self.num_dead_letters,
            last_capture_ns=self.last_capture_ns,
            last_text=self.last_text,
            ended=self.ended,
        )
