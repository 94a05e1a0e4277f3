"""What becomes of each record of a partition: frames for the narrator, a dead letter, or nothing.

One record after the other, in the order of the log, so that the same log always leads to the same decisions.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.limits import FrameLimits
from pipeline.errors import WireError
from pipeline.kafka_io.records import Record
from pipeline.messages.camera import CameraBook
from pipeline.messages.events import Gap
from pipeline.messages.reading import ReadingPlan
from pipeline.messages.records import ChainLink, DeadLetterEntry, Entry, FramesEntry, PassedEntry
from pipeline.reader.admission import AdmissionState, admit
from pipeline.reader.choice import FrameChoice
from pipeline.reader.decoding import decode_kept
from pipeline.reader.gaps import GapRules, find_gaps
from pipeline.reader.refusal import refuse
from pipeline.wire.frame_record import FrameHeaders, parse_frame_headers
from pipeline.wire.partitioner import partition_of
from pipeline.wire.stream_id import parse_stream_key

NO_STREAM = ""
"""Stands for records that belong to no valid stream of their partition."""

WRONG_PARTITION = "wrong-partition"

_REFUSALS = {
    "stale-epoch": "epoch {epoch} is older than one that was seen",
    "duplicate-sequence": "sequence {sequence} of epoch {epoch} was taken before",
    "sequence-out-of-order": "sequence {sequence} of epoch {epoch} comes after a later one",
}


@dataclass(frozen=True, slots=True)
class Intake:
    """What one record led to.

    Attributes:
        entry: What the narrator is told.
        frames: The record's kept frames, uint8 [size, size, 3] each; () for a dead letter.
        num_bytes: Memory that frames and dead letter take.
        is_flood: See Choice.
        may_wait: Nobody waits for it: all of its frames are left out, and there is nothing else to tell.
    """

    entry: Entry | PassedEntry
    frames: tuple[NDArray[np.uint8], ...]
    num_bytes: int
    is_flood: bool = False
    may_wait: bool = False


class PartitionIntake:
    """Takes the records of one partition in during one generation. Not thread-safe.

    Attributes:
        choice: Decides which frames are kept.

    Args:
        plan: What the committed state says.
        num_partitions: Partitions of the frames topic.
        limits: Bounds of frames.
        gap_rules: Which gaps are told, unless a camera's settings say otherwise.
    """

    def __init__(
        self,
        plan: ReadingPlan,
        num_partitions: int,
        limits: FrameLimits,
        gap_rules: GapRules = GapRules(),  # noqa: B008 (immutable)
    ) -> None:
        self.choice = FrameChoice(plan)
        self._gap_rules = gap_rules
        self._cameras = CameraBook()
        self._plan = plan
        self._num_partitions = num_partitions
        self._limits = limits
        self._admissions = {stream: start.admission for stream, start in plan.streams.items()}
        self._last_of_stream: dict[str, int] = {}
        self._last_taken = self._last_sent = plan.position - 1

    def set_cameras(self, cameras: CameraBook) -> None:
        """Read with these settings from the next record on."""
        self._cameras = cameras
        self.choice.set_cameras(cameras)

    def take(self, record: Record) -> Intake | None:
        """Decide on the next record; None if it was dealt with before the takeover (see `passed`)."""
        self._last_taken = record.offset
        try:
            stream = self._stream_of(record)
        except WireError as error:
            return self._refuse(NO_STREAM, record, error.code, str(error))
        start = self._plan.streams.get(stream)
        if record.offset < (start.next_offset if start else self._plan.committed_position):
            return None
        try:
            headers = parse_frame_headers(record.headers, has_value=record.value is not None)
        except WireError as error:
            return self._refuse(stream, record, error.code, str(error))
        before = admission = self._admissions.get(stream)
        gaps: tuple[Gap, ...] = ()
        if admission is None or start is None or record.offset > start.covered.offset:
            admission, code = admit(before, headers.epoch, headers.sequence)
            if code is not None:
                reason = _REFUSALS[code].format(epoch=headers.epoch, sequence=headers.sequence)
                return self._refuse(stream, record, code, f"The {reason}.")
            last_ns, ends = headers.capture_times_ns[-1], headers.end_of_stream
            admission = admission.at(last_ns, record.timestamp_ms, ended=ends)
            gaps = find_gaps(before, admission, headers, self._gap_rules_of(stream))
        elif headers.num_frames - 1 <= start.covered.index and not headers.end_of_stream:
            # Admitted before the takeover, and it turns out that all of it is covered.
            return None
        return self._decode(stream, record, headers, admission, gaps)

    def passed(self) -> Intake | None:
        """What takes the partition's position past the records that led to nothing, up to the last one taken.

        Without it the position would wait for the next record that leads to something, which may never come.

        Returns:
            None if the last record led to something, or if this was asked for before.
        """
        if self._last_taken == self._last_sent:
            return None
        link = ChainLink(self._plan.generation, self._last_taken, None, self._last_sent)
        self._last_sent = self._last_taken
        return Intake(PassedEntry(link), (), 0, may_wait=True)

    def _decode(
        self,
        stream: str,
        record: Record,
        headers: FrameHeaders,
        admission: AdmissionState,
        gaps: tuple[Gap, ...],
    ) -> Intake:
        choice = self.choice.choose(stream, record.offset, headers, record.timestamp_ms)
        try:
            frames = decode_kept(record, headers, choice.kept, self._plan.image_size, self._limits)
        except FrameError as error:
            return self._refuse(stream, record, error.code, str(error))
        # Only now: a refused record leaves no trace in a checkpoint, so it must leave none here.
        self._admissions[stream] = admission
        link = self._link(stream, record.offset)
        entry = FramesEntry(stream, link, headers, admission, choice.kept, choice.left_out_because, gaps)
        may_wait = not (frames or gaps or headers.end_of_stream)
        num_bytes = sum(frame.nbytes for frame in frames)
        return Intake(entry, tuple(frames), num_bytes, choice.is_flood, may_wait)

    def _gap_rules_of(self, stream: str) -> GapRules:
        own = self._cameras.of(stream).silent_after_s
        return self._gap_rules if own is None else replace(self._gap_rules, silent_after_s=own)

    def _stream_of(self, record: Record) -> str:
        stream = parse_stream_key(record.key)
        wanted = partition_of(stream, self._num_partitions)
        if wanted != record.partition:
            raise WireError(
                f"The stream {stream} belongs to partition {wanted}, not {record.partition}.",
                code=WRONG_PARTITION,
                action="Let the producer choose by murmur2 of the key (librdkafka: murmur2_random).",
            )
        return stream

    def _refuse(self, stream: str, record: Record, code: str, message: str) -> Intake:
        letter = refuse(record, stream, code, message)
        admission = self._admissions.get(stream)
        entry = DeadLetterEntry(stream, self._link(stream, record.offset), letter, admission)
        return Intake(entry, (), len(record.value or b""))

    def _link(self, stream: str, offset: int) -> ChainLink:
        link = ChainLink(
            generation=self._plan.generation,
            offset=offset,
            previous=self._last_of_stream.get(stream),
            previous_read=self._last_sent,
        )
        self._last_of_stream[stream] = self._last_sent = offset
        return link
