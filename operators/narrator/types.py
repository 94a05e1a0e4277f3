"""What goes into the narrator engine and what comes out: frozen messages, one frame or one narration each."""

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, order=True)
class FramePosition:
    """Where a frame stands in its stream.

    Attributes:
        offset: Offset of the frame's Kafka record; the frame's number where there is no log (embedded use).
        index: Index of the frame inside its record (a group of pictures holds several); 0 for single images.
    """

    offset: int
    index: int = 0


@dataclass(frozen=True, slots=True)
class ReplayedDecision:
    """What was already committed for a frame that is processed again.

    Attributes:
        token_ids: Tokens of the narration that ended with this frame, end of turn included; None if the frame
            was skipped.
    """

    token_ids: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class FrameInput:
    """One encoded frame of one stream.

    Attributes:
        stream: Stream id; the engine must have it open.
        position: Position of the frame; must be greater than that of the stream's last frame.
        capture_time_ns: Capture time, Unix nanoseconds.
        features: Encoder output of the frame [N, D], any floating dtype, any device.
        end_of_stream: The stream ends with this frame: a narration is forced if the segment is open.
        replay: The committed decision, if this frame is replayed; None lets the engine decide.
    """

    stream: str
    position: FramePosition
    capture_time_ns: int
    features: "Tensor"
    end_of_stream: bool = False
    replay: ReplayedDecision | None = None


@dataclass(frozen=True, slots=True)
class Narration:
    """The narration of one segment.

    Attributes:
        segment: Number of the segment in its stream, from 0 (the opening narration of the first frame).
        start: Position of the segment's first frame.
        end: Position of the segment's last frame.
        start_time_ns: Capture time of the segment's first frame, Unix nanoseconds.
        end_time_ns: Capture time of the segment's last frame, Unix nanoseconds.
        text: Decoded text, stripped.
        token_ids: Generated tokens, end of turn included.
        p_skip: Probability of [SKIP] at the segment's last frame (architecture: trigger).
        threshold: Threshold that p_skip was compared with.
        forced: Not the model's choice: opening frame or end of stream.
        num_frames: Frames of the segment that the model was shown.
        p_skip_margin: Smallest distance of p_skip from its threshold over the segment's frames: how far the
            nearest decision was from its opposite. inf if none was taken.
        logit_margin: Smallest distance of a chosen token's logit from the second best over the text. inf if
            none was chosen.
    """

    segment: int
    start: FramePosition
    end: FramePosition
    start_time_ns: int
    end_time_ns: int
    text: str
    token_ids: tuple[int, ...]
    p_skip: float
    threshold: float
    forced: bool
    num_frames: int = 1
    p_skip_margin: float = inf
    logit_margin: float = inf


@dataclass(frozen=True, slots=True)
class FrameOutcome:
    """What one frame led to.

    Attributes:
        stream: Stream id.
        position: Position of the frame.
        p_skip: Probability of [SKIP] after the frame; NaN for the opening frame, which has no trigger.
        threshold: Threshold in force; NaN for the opening frame.
        narration: The narration that ended with this frame, or None.
        replayed: The decision was replayed; the narration, if any, is already committed.
        folded: The open segment had reached its frame limit and was folded silently into the memory.
        error: The frame was refused (for example features with NaN): message for the operator; the stream's
            state did not change. None otherwise.
    """

    stream: str
    position: FramePosition
    p_skip: float
    threshold: float
    narration: Narration | None = None
    replayed: bool = False
    folded: bool = False
    error: str | None = None

    @classmethod
    def of_refused(cls, frame: FrameInput, error: str) -> "FrameOutcome":
        """The outcome of a frame that was not taken."""
        nan = float("nan")
        return cls(frame.stream, frame.position, nan, nan, error=error)
