"""What there is to tell about a stream besides its narrations: gaps, frames that were left out, faults."""

from dataclasses import dataclass
from enum import StrEnum

from operators.narrator.types import FramePosition


class GapKind(StrEnum):
    """Where the time line of a stream is not what it seems.

    MISSING_SEQUENCE: records of the publisher never arrived, or were refused.
    CLOCK_JUMP: the publisher's clock jumped, back or forth.
    SILENT: no record has come for a while. BACK: one has come again.
    NEW_EPOCH: the publisher was started again without having ended the stream.
    DELETED: Kafka deleted frames before they were narrated.
    """

    MISSING_SEQUENCE = "missing-sequence"
    CLOCK_JUMP = "clock-jump"
    SILENT = "silent"
    BACK = "back"
    NEW_EPOCH = "new-epoch"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap.

    Attributes:
        kind: What it is.
        epoch: Epoch of the publisher when it was noticed.
        before_ns: Capture time of the last frame before it, Unix nanoseconds; None if there is none.
        after_ns: Capture time of the first frame after it; None while there is none.
        sequences: First and last missing sequence, for MISSING_SEQUENCE; else None.
        offsets: First and last offset of the partition of frames that were deleted, for DELETED; else None.
    """

    kind: GapKind
    epoch: int
    before_ns: int | None
    after_ns: int | None
    sequences: tuple[int, int] | None = None
    offsets: tuple[int, int] | None = None


class ShedReason(StrEnum):
    """Why frames were left out.

    OVERLOAD: more came than could be narrated.
    RATE: the camera sends more frames per second than it is narrated with.
    DISABLED: the camera is switched off in its settings.
    """

    OVERLOAD = "overload"
    RATE = "rate"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class FrameRange:
    """Successive frames of one stream; none of the stream's frames lies between first and last but these.

    Attributes:
        first: Position of the first.
        last: Position of the last.
        num_frames: How many.
    """

    first: FramePosition
    last: FramePosition
    num_frames: int


@dataclass(frozen=True, slots=True)
class Shed:
    """Frames that were taken and not shown to the model, for one reason.

    Attributes:
        reason: Why.
        epoch: Epoch of the publisher at the last of them.
        start_ns: Capture time of the first.
        end_ns: Capture time of the last.
        ranges: All of them, in order.
    """

    reason: ShedReason
    epoch: int
    start_ns: int
    end_ns: int
    ranges: tuple[FrameRange, ...]

    @property
    def num_frames(self) -> int:
        """How many frames."""
        return sum(frames.num_frames for frames in self.ranges)


class FaultKind(StrEnum):
    """What went wrong.

    MEMORY_LOST: the stream's state was lost; it went on with an empty memory, or with one that lacks frames.
    MODEL_CHANGED: the state belonged to another model; the stream went on with an empty memory.
    FRAME_REFUSED: the model could not take a frame.
    UNNARRATED: the stream ended with frames that no narration covers.
    """

    MEMORY_LOST = "memory-lost"
    MODEL_CHANGED = "model-changed"
    FRAME_REFUSED = "frame-refused"
    UNNARRATED = "unnarrated"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        kind: What went wrong.
        epoch: Epoch of the publisher then.
        message: For people.
        time_ns: Capture time of the last frame before it, Unix nanoseconds; 0 if there is none.
        after: Position after which frames are covered by no narration; None if none are uncovered.
        through: Last of them.
    """

    kind: FaultKind
    epoch: int
    message: str
    time_ns: int
    after: FramePosition | None = None
    through: FramePosition | None = None


StreamEvent = Gap | Shed | Fault
