"""What the topic `checkpoints` remembers: one record per stream, and two per partition.

| key | record | written |
|---|---|---|
| stream id | StreamCheckpoint | with every change; tombstone when nothing needs it any more |
| `@partition/p` | PartitionCheckpoint | in every transaction |
| `@owner/p` | OwnerRecord | once per takeover |

Stream ids can't begin with `@`, so the keys can't collide. How the records are written: checkpoint_json.py.
"""

from dataclasses import dataclass

from operators.narrator.types import FramePosition
from pipeline.commit.blob import BlobRef
from pipeline.messages.events import FrameRange
from pipeline.reader.admission import AdmissionState

MAX_INDEX = 2**31 - 1
"""No record has as many frames: (offset, MAX_INDEX) is behind every frame of the record."""

NOWHERE = FramePosition(-1)
"""Before every frame."""


def partition_key(partition: int) -> str:
    """Key of the partition's position."""
    return f"@partition/{partition}"


def owner_key(partition: int) -> str:
    """Key of the partition's owner."""
    return f"@owner/{partition}"


@dataclass(frozen=True, slots=True)
class JournalSegment:
    """A committed narration as a replay needs it.

    Attributes:
        end: Last frame of the segment.
        token_ids: The narration's tokens, end of turn included.
        settings: The stream's settings from here on (JSON), if they changed here; else None.
    """

    end: FramePosition
    token_ids: tuple[int, ...]
    settings: str | None = None


@dataclass(frozen=True, slots=True)
class BaseState:
    """A state of a stream from which frames can be processed.

    Attributes:
        position: The last frame inside the state.
        complete: That frame is the last one of its record: nothing of the record is needed any more.
        admission: What the stream's admission had seen after the record of `position`.
        blob: The snapshot; None if the state is that of a new stream, which begins after `position`.
        settings: Settings that a new stream was opened with (JSON); None with a blob, which contains them.
    """

    position: FramePosition
    complete: bool
    admission: AdmissionState | None = None
    blob: BlobRef | None = None
    settings: str | None = None

    @property
    def next_offset(self) -> int:
        """Offset of the first record that may have frames outside of the state."""
        return self.position.offset + (1 if self.complete else 0)

    @staticmethod
    def fresh(first_offset: int) -> "BaseState":
        """The state of a new stream, which needs no frame of any record before `first_offset`."""
        return BaseState(FramePosition(first_offset - 1, MAX_INDEX), complete=True)


@dataclass(frozen=True, slots=True)
class StreamCheckpoint:
    """All that must survive of one stream.

    Attributes:
        model_hash: Model that made the blobs and the tokens.
        base: The state to recover from.
        narrated_through: No narration that ends at or before this frame is made any more. It may lie before
            `base.position`: the end of a stream can still make a narration of frames inside a snapshot.
        previous: The state before it, for the case that the blob of `base` is lost; None if there was none.
        journal: Committed narrations after `previous` (after `base` if there is none), in order.
        admission: What the admission had seen at the end of the last narration, or None before the first one.
        next_event: Number of the stream's next event; all smaller ones are committed.
        dead_lettered_through: All refused records of the stream up to this offset are in the dlq; -1 if none.
        replay_from: First record that the stream still needs although the partition's position is further:
            so it is while the loss of a blob is made good. None otherwise.
        ended: The stream ended with `base.position`.
        told_through: Gaps and faults that frames up to here have led to are committed.
        silent_since_ns: Capture time of the last frame of a stream that was told to be silent; None if it is
            not silent.
        left_out: Committed frames after `previous` that were not shown to the model, in order.
        left_out_through: No frame up to here is left out that is not in `left_out` or before `previous`.
    """

    model_hash: str
    base: BaseState
    narrated_through: FramePosition
    previous: BaseState | None = None
    journal: tuple[JournalSegment, ...] = ()
    admission: AdmissionState | None = None
    next_event: int = 0
    dead_lettered_through: int = -1
    replay_from: int | None = None
    ended: bool = False
    told_through: FramePosition = NOWHERE
    silent_since_ns: int | None = None
    left_out: tuple[FrameRange, ...] = ()
    left_out_through: FramePosition = NOWHERE

    @staticmethod
    def new(model_hash: str, first_offset: int) -> "StreamCheckpoint":
        """The record of a stream of which nothing before `first_offset` is needed any more."""
        base = BaseState.fresh(first_offset)
        return StreamCheckpoint(model_hash, base, base.position, dead_lettered_through=first_offset - 1)

    @property
    def blobs(self) -> frozenset[BlobRef]:
        """The blobs that the record names."""
        states = (self.base, self.previous)
        return frozenset(state.blob for state in states if state is not None and state.blob is not None)

    @property
    def last_narrated(self) -> FramePosition | None:
        """Last frame of the last narration; None before the first one."""
        return None if self.narrated_through.index == MAX_INDEX else self.narrated_through

    @property
    def decided_through(self) -> FramePosition:
        """What became of the frames up to here is committed, and a replay must repeat it."""
        return max(self.narrated_through, self.left_out_through)

    @property
    def is_empty(self) -> bool:
        """Nothing but dead letters ever came of the stream."""
        states = (self.base.blob, self.base.admission, self.previous, self.admission)
        return not self.journal and self.next_event == 0 and not any(states)

    def journal_after(self, position: FramePosition) -> tuple[JournalSegment, ...]:
        """The committed narrations that end after `position`."""
        return tuple(segment for segment in self.journal if segment.end > position)

    def left_out_after(self, position: FramePosition) -> tuple[FrameRange, ...]:
        """The committed left-out frames after `position`, as whole ranges."""
        return tuple(frames for frames in self.left_out if frames.last > position)


@dataclass(frozen=True, slots=True)
class PartitionCheckpoint:
    """Where a partition of frames stands.

    Attributes:
        position: Every record before this offset is inside a blob, in the dlq, or not needed any more (but
            see `StreamCheckpoint.replay_from`).
        dead_lettered_through: As in StreamCheckpoint, for records that belong to no valid stream.
        cameras_dead_lettered_through: The same for the topic of cameras; only partition 0 has such.
    """

    position: int
    dead_lettered_through: int = -1
    cameras_dead_lettered_through: int = -1


@dataclass(frozen=True, slots=True)
class OwnerRecord:
    """Who took the partition over last.

    Attributes:
        generation: Grows with every takeover.
        narrator: Id of the narrator.
        time_ns: When, Unix nanoseconds.
        application: Id of the application whose partition this is; "" if not known.
        frames_topic_id: Kafka's id of the topic of frames, another one if it is made again; "" if not known.
        num_partitions: Partitions of the topic of frames; 0 if not known.
    """

    generation: int
    narrator: str
    time_ns: int
    application: str = ""
    frames_topic_id: str = ""
    num_partitions: int = 0
