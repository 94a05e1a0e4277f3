"""What a takeover finds: from where to read a partition again, and from which state each stream goes on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from operators.narrator.types import FramePosition
from pipeline.commit.checkpoint_record import NOWHERE, JournalSegment
from pipeline.messages.events import FrameRange
from pipeline.reader.admission import AdmissionState


@dataclass(frozen=True, slots=True)
class RecoveredStream:
    """The state that a stream goes on from.

    Attributes:
        snapshot: The engine's snapshot; None opens the stream as a new one.
        covered: The last frame inside the snapshot. Frames up to here are dropped.
        next_offset: Records before this offset are dropped as a whole. Equal to `covered.offset` if frames of
            that record are still needed.
        journal: Narrations that are committed and end after `covered`, in order. Frames up to the last one's
            end are replayed with these decisions: speak at a segment's end, skip at every other frame.
        admission: What the admission had seen after the record at `covered.offset`, which is not put to the
            admission again.
        dead_lettered_through: Refused records up to this offset are in the dlq already.
        next_event: Number of the stream's next event.
        ended: The stream ended with `covered`.
        lost_state: The snapshot could not be had, and the stream begins anew after its last committed
            narration; or frames behind the snapshot are deleted, and it goes on without them.
    """

    snapshot: bytes | None
    covered: FramePosition
    next_offset: int
    journal: tuple[JournalSegment, ...]
    admission: AdmissionState | None
    dead_lettered_through: int
    next_event: int
    ended: bool
    lost_state: bool = False
    settings: str | None = None
    decided_through: FramePosition = NOWHERE
    left_out: tuple[FrameRange, ...] = ()
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class RecoveredPartition:
    """Where a partition goes on.

    Attributes:
        partition: Partition number.
        generation: Generation of the takeover.
        position: First offset to read.
        committed_position: Before this offset, only the streams in `streams` may need records, and they only
            those from their `next_offset`. Usually equal to `position`; higher where the loss of a blob is
            made good.
        streams: State by stream; a stream that is not here begins anew.
        lost_frames: First and last offset of frames that retention deleted before they were read, or None.
    """

    partition: int
    generation: int
    position: int
    committed_position: int
    streams: Mapping[str, RecoveredStream]
    lost_frames: tuple[int, int] | None = None

    def without_snapshots(self) -> "RecoveredPartition":
        """The same, but for the snapshots, which are large."""
        streams = {stream: replace(state, snapshot=None) for stream, state in self.streams.items()}
        return replace(self, streams=streams)

    def needed_from(self, stream: str) -> int:
        """Offset of the stream's first record that must be processed; earlier ones are only `delivered`."""
        recovered = self.streams.get(stream)
        return self.committed_position if recovered is None else recovered.next_offset

    def is_done(self, stream: str, position: FramePosition) -> bool:
        """Whether a frame of a needed record is inside the recovered state, so that it must be dropped."""
        recovered = self.streams.get(stream)
        return recovered is not None and position <= recovered.covered
