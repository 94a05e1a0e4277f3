"""Frame records: whose they are, how many frames they hold, and which of them were refused."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from topologies.chaos.checker.records import LogRecord, Position, header_number, header_texts

StreamKey = tuple[int, str]
"""Partition and stream id."""

NUMBERING_CODES = frozenset({"stale-epoch", "duplicate-sequence", "sequence-out-of-order"})
"""Codes of dead letters that say that a publisher's numbering went back."""


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One record of the frames topic.

    Attributes:
        partition: Partition number.
        stream: Its key as text.
        offset: Offset in the partition.
        append_ms: When the broker took it, Unix milliseconds.
        num_frames: Frames that it holds; 1 where that can't be known, because then it must be refused.
        epoch: Its epoch; -1 if it has none.
        sequence: Its number in the epoch; -1 if it has none.
        first_capture_ns: Capture time of its first frame, Unix nanoseconds; 0 if it has none.
        last_capture_ns: Capture time of its last frame, Unix nanoseconds; 0 if it has none.
        ends: It ends its stream.
        refused: Codes of its dead letters.
    """

    partition: int
    stream: str
    offset: int
    append_ms: int
    num_frames: int
    epoch: int
    sequence: int
    first_capture_ns: int
    last_capture_ns: int
    ends: bool
    refused: tuple[str, ...] = ()

    @property
    def positions(self) -> list[Position]:
        """Positions of its frames."""
        return [(self.offset, index) for index in range(self.num_frames)]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What a dead letter says about a frame record.

    Attributes:
        partition: Partition of the frame record.
        offset: Its offset.
        code: Why it was refused.
    """

    partition: int
    offset: int
    code: str


def read_dead_letters(records: Iterable[LogRecord]) -> list[DeadLetter]:
    """Dead letters of the topic `dlq`; what names no record has partition and offset -1."""
    letters = []
    for record in records:
        texts = header_texts(record.headers)
        partition, offset = header_number(texts, "error-partition"), header_number(texts, "error-offset")
        known = partition is not None and offset is not None and partition == record.partition
        code = texts.get("error-code", "")
        letters.append(DeadLetter(partition or 0, offset or 0, code) if known else DeadLetter(-1, -1, code))
    return letters


def read_frames(
    records: Iterable[LogRecord], letters: Iterable[DeadLetter]
) -> Mapping[StreamKey, list[FrameRecord]]:
    """The frame records of each stream in order of their offsets."""
    codes: dict[Position, list[str]] = {}
    for letter in letters:
        codes.setdefault((letter.partition, letter.offset), []).append(letter.code)
    streams: dict[StreamKey, list[FrameRecord]] = {}
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        frame = _read_frame(record, tuple(codes.get((record.partition, record.offset), ())))
        streams.setdefault((frame.partition, frame.stream), []).append(frame)
    return streams


def doubled_letters(letters: Iterable[DeadLetter]) -> list[tuple[DeadLetter, int]]:
    """Dead letters of one record beyond the first, and how many."""
    counts = Counter((letter.partition, letter.offset) for letter in letters)
    first = {(letter.partition, letter.offset): letter for letter in letters}
    return [(first[place], count - 1) for place, count in counts.items() if count > 1 and place != (-1, -1)]


def taken(records: Iterable[FrameRecord]) -> list[FrameRecord]:
    """Those that were not refused."""
    return [record for record in records if not record.refused]


def _read_frame(record: LogRecord, refused: tuple[str, ...]) -> FrameRecord:
    texts = header_texts(record.headers)
    first = header_number(texts, "capture-time") or 0
    is_video = texts.get("content-type", "").lower().startswith("video/")
    count = header_number(texts, "frame-count") if is_video else None
    num_frames = count if count is not None and record.value is not None else 1
    ends = texts.get("end-of-stream") == "true"
    if record.value is None and ends:
        num_frames = 0
    epoch, sequence = header_number(texts, "epoch"), header_number(texts, "sequence")
    return FrameRecord(
        partition=record.partition,
        stream=(record.key or b"").decode(errors="replace"),
        offset=record.offset,
        append_ms=record.timestamp_ms,
        num_frames=num_frames,
        epoch=-1 if epoch is None else epoch,
        sequence=-1 if sequence is None else sequence,
        first_capture_ns=first,
        last_capture_ns=_last_time(texts, first, num_frames),
        ends=ends,
        refused=refused,
    )


def _last_time(texts: Mapping[str, str], first: int, num_frames: int) -> int:
    if num_frames < 2:
        return first
    listed = texts.get("frame-times", "").rpartition(",")[2].strip()
    if listed.isascii() and listed.isdecimal():
        return int(listed)
    return first + (num_frames - 1) * (header_number(texts, "frame-interval") or 0)
