"""From the narrator, through the supervisor, to the reader: where to read on after a takeover."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from operators.narrator.types import FramePosition
from pipeline.messages.events import FrameRange
from pipeline.reader.admission import AdmissionState

NOTHING_DECIDED = FramePosition(-1)
"""Before every frame."""


@dataclass(frozen=True, slots=True)
class StreamStart:
    """What the committed state says about one stream.

    Attributes:
        covered: The last frame that needs no processing any more.
        next_offset: First record that is needed; it is the one at `covered.offset` if later frames of it, or
            the stream's end with it, are still to be processed.
        admission: What had been taken of the stream, the record at `covered.offset` included; None if nothing
            was.
        left_out: Frames at or before `decided_through` that are left out, in order; all others are kept.
        decided_through: Up to here, it was committed which frames are left out, and the reader repeats it.
    """

    covered: FramePosition
    next_offset: int
    admission: AdmissionState | None
    left_out: tuple[FrameRange, ...] = ()
    decided_through: FramePosition = NOTHING_DECIDED


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """From where, and how, one generation of a partition is read.

    Attributes:
        partition: Partition number.
        generation: Generation of its ownership.
        position: Offset of the first record to read.
        committed_position: Before this offset, only the streams in `streams` need records.
        image_size: Side of the square frames that the encoder takes, in pixels.
        streams: The streams that the committed state knows.
        fps: Frames per second that a stream is narrated with, unless its camera's settings say another rate.
    """

    partition: int
    generation: int
    position: int
    committed_position: int
    image_size: int
    streams: Mapping[str, StreamStart]
    fps: float = inf
