"""One stream in a narrator: what waits for the engine, what must be replayed, what can be told about it."""

from collections import deque
from dataclasses import dataclass, field

from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FramePosition, ReplayedDecision
from pipeline.commit.checkpoint_record import JournalSegment
from pipeline.commit.recovered import RecoveredStream
from pipeline.messages.health import StreamStatus
from pipeline.narrator.work import Work
from pipeline.reader.admission import AdmissionState


@dataclass(slots=True, eq=False)
class NarratedStream:
    """Mutable; only the engine's thread changes it.

    Attributes:
        name: Stream id.
        partition: Its partition.
        waiting: Its records in order.
        snapshot: State to open it from; None if it is open or begins anew.
        settings: By which it is narrated; None before it is opened.
        first_settings: Settings (JSON) that a replay opens it with; None if that is free.
        refused_settings: Settings that the model did not take, so that they are not tried again and again.
        journal: Committed narrations by the position of their last frame: the decisions to be repeated.
        replay_through: Frames up to here repeat the journal; None if there is nothing to repeat.
        is_open: The engine has it.
        is_behind: Its newest records waited in the log: streams that are live go first.
        is_silent: No record has come for a while, and that was told.
        last_record_s: When its last record came, or its partition was taken over; monotonic seconds.
        position: Its last frame that is dealt with; None before the first one since the takeover.
        admission: What had been taken of it after the record of that frame.
        snapshot_position: Position of the newest snapshot.
        last_step: Number of the engine's step that moved it last, to find the least active one.
        narrated_through: Frames up to here are passed over, because the memory of them was lost.
        num_frames, num_left_out, num_narrations, num_dead_letters: See StreamStatus.
        last_capture_ns, last_text, ended: See StreamStatus.
    """

    name: str
    partition: int
    waiting: deque[Work] = field(default_factory=deque)
    snapshot: bytes | None = None
    settings: StreamSettings | None = None
    first_settings: str | None = None
    refused_settings: StreamSettings | None = None
    journal: dict[FramePosition, JournalSegment] = field(default_factory=dict)
    replay_through: FramePosition | None = None
    is_open: bool = False
    is_behind: bool = False
    is_silent: bool = False
    last_record_s: float = 0.0
    position: FramePosition | None = None
    admission: AdmissionState | None = None
    snapshot_position: FramePosition | None = None
    last_step: int = 0
    num_frames: int = 0
    num_left_out: int = 0
    num_narrations: int = 0
    num_dead_letters: int = 0
    last_capture_ns: int = 0
    last_text: str = ""
    ended: bool = False
    narrated_through: FramePosition | None = None

    @classmethod
    def of(
        cls, name: str, partition: int, recovered: RecoveredStream | None, now_s: float
    ) -> "NarratedStream":
        """The stream as a takeover found it; None for a new one."""
        if recovered is None:
            return cls(name, partition, last_record_s=now_s)
        admission = recovered.admission
        return cls(
            name,
            partition,
            snapshot=recovered.snapshot,
            first_settings=recovered.settings,
            journal={segment.end: segment for segment in recovered.journal},
            replay_through=max((segment.end for segment in recovered.journal), default=None),
            is_silent=recovered.is_silent,
            last_record_s=now_s,
            last_capture_ns=(admission.last_capture_ns or 0) if admission else 0,
            admission=admission,
            snapshot_position=recovered.covered,
            ended=recovered.ended,
        )

    def replayed_decision(self, position: FramePosition) -> ReplayedDecision | None:
        """What was committed about a frame; None if nothing was."""
        if self.replay_through is None or position > self.replay_through:
            return None
        segment = self.journal.get(position)
        return ReplayedDecision(None if segment is None else segment.token_ids)

    def begin_anew(self) -> None:
        """Forget state and journal: the next frame opens the stream as a new one."""
        self.snapshot, self.journal, self.replay_through, self.position = None, {}, None, None
        self.settings = self.first_settings = None

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
            left_out=self.num_left_out,
            is_silent=self.is_silent,
        )
