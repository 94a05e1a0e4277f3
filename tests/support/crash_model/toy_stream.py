"""One stream in a toy narrator: its state is a hash over everything that went into it."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field

from operators.narrator.types import FramePosition
from pipeline.commit.recovered import RecoveredStream
from pipeline.kafka_io.records import Record
from pipeline.messages.events import Gap
from pipeline.messages.records import ChainLink
from pipeline.reader.admission import AdmissionState
from tests.support.commit_narrator import digest
from tests.support.crash_model.cameras import Sent

NOWHERE = FramePosition(-1)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A record on its way from the reader to the narrator.

    Attributes:
        record: The record.
        sent: What it says.
        link: Its place.
        admission: What has been taken of the stream with it.
        code: Why it is refused, or None.
        gaps: What is missing before it.
        left_out: Indices of its frames that are not shown.
        is_passed: It was dealt with before, and so were those between it and the one that was read before.
    """

    record: Record
    sent: Sent
    link: ChainLink
    admission: AdmissionState | None
    code: str | None
    gaps: tuple[Gap, ...] = ()
    left_out: frozenset[int] = frozenset()
    is_passed: bool = False


@dataclass
class Memory:
    """All that a snapshot holds.

    Attributes:
        state: Hash over settings, frames and narrations; 0 before the first frame.
        settings: In force for the open segment.
        segment: Number of the open segment.
        start: First frame of the open segment, or None.
        num_open: Frames of the open segment.
        last: Last frame that was shown.
    """

    state: int = 0
    settings: str = ""
    segment: int = 0
    start: FramePosition | None = None
    num_open: int = 0
    last: FramePosition | None = None

    def open(self, settings: str) -> None:
        """Begin a new state."""
        self.settings = settings
        self.state = digest("open", settings)

    def show(self, position: FramePosition) -> None:
        """A frame goes in."""
        self.state = digest(self.state, position.offset, position.index)
        self.start = self.start or position
        self.num_open += 1
        self.last = position

    def say(self, tokens: tuple[int, ...], settings: str | None) -> None:
        """A narration goes in, and with it the settings of what follows."""
        self.state = digest(self.state, tokens)
        self.settings = settings or self.settings
        self.segment, self.start, self.num_open = self.segment + 1, None, 0

    def to_bytes(self) -> bytes:
        """The snapshot."""
        places = [p and [p.offset, p.index] for p in (self.start, self.last)]
        return json.dumps([self.state, self.settings, self.segment, self.num_open, *places]).encode()

    @staticmethod
    def of(data: bytes) -> Memory:
        """From a snapshot."""
        state, settings, segment, num_open, start, last = json.loads(data)
        places = [place and FramePosition(*place) for place in (start, last)]
        return Memory(state, settings, segment, places[0], num_open, places[1])


def is_unusable(process: int, stream: str) -> bool:
    """Whether a process can't go on from a snapshot of the stream, as it may be of another version."""
    return digest("unusable", process, stream) % 8 == 0


@dataclass
class ToyStream:
    """Mutable.

    Attributes:
        memory: Its state.
        seen: Last frame that was dealt with in this process, shown or left out; None before the first.
        admission: What had been taken of it after the record of that frame.
        settings: Settings that a recovered stream must be opened with, or None.
        waiting: Records in order.
        next_frame: Index of the next frame of the first of them.
        has_begun: The first of them has had its turn.
        is_open: It has a state in the engine.
        forgotten_through: Frames up to here are not shown any more, because the memory of them is lost.
    """

    memory: Memory = field(default_factory=Memory)
    seen: FramePosition | None = None
    admission: AdmissionState | None = None
    settings: str | None = None
    waiting: deque[Delivery] = field(default_factory=deque)
    next_frame: int = 0
    has_begun: bool = False
    is_open: bool = False
    forgotten_through: FramePosition = NOWHERE

    @staticmethod
    def of(recovered: RecoveredStream | None) -> ToyStream:
        """As a takeover found it."""
        if recovered is None:
            return ToyStream()
        memory = Memory() if recovered.snapshot is None else Memory.of(recovered.snapshot)
        return ToyStream(memory, admission=recovered.admission, settings=recovered.settings)
