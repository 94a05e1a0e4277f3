"""From the reader to the narrator: the records of a partition in order, and the narrator's answer.

Features travel beside a batch, straight from the encoder, so a batch is small unless it holds dead letters.
"""

from dataclasses import dataclass
from enum import StrEnum

from pipeline.messages.dead_letter import DeadLetter
from pipeline.messages.events import Gap, ShedReason
from pipeline.reader.admission import AdmissionState
from pipeline.wire.frame_record import FrameHeaders


@dataclass(frozen=True, slots=True)
class ChainLink:
    """Where a record stands in its stream, so that the narrator can restore the order.

    Attributes:
        generation: Generation of the partition's ownership in which the record was read.
        offset: Offset of the record.
        previous: Offset of the stream's record before it in the same generation; None for the first.
        previous_read: Offset of the record before it in the partition, whatever its stream; one less than the
            first offset that was to be read for the first.
    """

    generation: int
    offset: int
    previous: int | None
    previous_read: int


@dataclass(frozen=True, slots=True)
class FramesEntry:
    """A record that was admitted: some of its frames are narrated, the others are left out.

    Without frames it only ends its stream.

    Attributes:
        stream: Stream id.
        link: Its place in the stream.
        headers: Headers of the record: epoch, capture times, end of stream, trace context.
        admission: What has been taken of the stream, this record included.
        kept: Indices of the frames that are narrated, rising; each has a row of features.
        left_out_because: Why all other frames are left out; None if there are none.
        gaps: What is missing or wrong between the stream's record before and this one.
    """

    stream: str
    link: ChainLink
    headers: FrameHeaders
    admission: AdmissionState
    kept: tuple[int, ...]
    left_out_because: ShedReason | None = None
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class DeadLetterEntry:
    """A record that was refused; it keeps its place in the order of its stream.

    Attributes:
        stream: Stream id; "" if the record belongs to no valid stream of its partition.
        link: Its place in the stream.
        letter: The record and why it was refused.
        admission: What has been taken of the stream so far; None if nothing was.
    """

    stream: str
    link: ChainLink
    letter: DeadLetter
    admission: AdmissionState | None


@dataclass(frozen=True, slots=True)
class PassedEntry:
    """The last of records that were dealt with before the takeover: the partition's position may pass them.

    Attributes:
        link: The place of that record in the partition; its stream's chain knows nothing of it.
    """

    link: ChainLink


Entry = FramesEntry | DeadLetterEntry
"""A record that a stream deals with."""


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Successive records of one partition. Their kept frames' features are the rows of one array, in order.

    Attributes:
        partition: Partition number.
        generation: Generation of its ownership.
        entries: The records in the order of their offsets; those that were dealt with before are left out.
        is_behind: They waited in the log for longer than live ones do: work of other partitions goes first.
    """

    partition: int
    generation: int
    entries: tuple[Entry | PassedEntry, ...]
    is_behind: bool = False

    @property
    def num_frames(self) -> int:
        """Rows of the features that belong to the batch."""
        return sum(len(entry.kept) for entry in self.entries if isinstance(entry, FramesEntry))


class Receipt(StrEnum):
    """How the narrator answers a batch.

    PROCESSED: every record was processed (not: committed); its credits are free.
    FEATURES_LOST: the encoder failed; the reader sends the same batch through another one.
    NOT_OWNED: the narrator does not hold this generation of the partition (any more).
    """

    PROCESSED = "processed"
    FEATURES_LOST = "features-lost"
    NOT_OWNED = "not-owned"
