"""What the cameras of the model publish, and what there is to be said about it by whoever reads all of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from operators.narrator.types import FramePosition
from pipeline.kafka_io.records import Record
from pipeline.messages.events import Gap, GapKind
from pipeline.reader.admission import AdmissionState, admit
from tests.support.commit_model import TOPICS
from tests.support.crash_model.broker import ModelBroker

STREAMS = "abc"
MAX_CAPTURE_INDEX = 1000
MAX_INDEX = 2**31 - 1


class Kind(StrEnum):
    """What a record is, or how it stands to the one before it."""

    GOOD = "good"
    GROUP = "group"
    JUMP = "jump"
    REPEAT = "repeat"
    STALE = "stale"
    RESTART = "restart"
    END = "end"
    BAD = "bad"
    STRAY = "stray"


@dataclass(frozen=True, slots=True)
class Sent:
    """One record of frames.

    Attributes:
        stream: Stream id; "" if it belongs to none.
        num_frames: Frames in it.
        epoch: Epoch of the publisher.
        sequence: Number in the epoch.
        is_bad: It can't be decoded.
        ends: It ends the stream.
        time_ms: When the broker took it.
    """

    stream: str
    num_frames: int
    epoch: int
    sequence: int
    is_bad: bool = False
    ends: bool = False
    time_ms: int = 0

    def record(self, offset: int) -> Record:
        """The record at an offset."""
        fields = [self.num_frames, self.epoch, self.sequence, self.is_bad, self.ends, self.time_ms]
        return Record(TOPICS.frames, 0, offset, 0, self.stream.encode(), json.dumps(fields).encode())

    @staticmethod
    def read(record: Record) -> Sent:
        """From a record."""
        return Sent((record.key or b"").decode(), *json.loads(record.value or b""))

    def positions(self, offset: int) -> list[FramePosition]:
        """Positions of its frames."""
        return [FramePosition(offset, index) for index in range(self.num_frames)]

    def last_position(self, offset: int) -> FramePosition:
        """Position of its last frame, or of itself if it has none."""
        return FramePosition(offset, max(self.num_frames - 1, 0))


def capture_ns(position: FramePosition) -> int:
    """When a frame was captured."""
    return position.offset * MAX_CAPTURE_INDEX + position.index


def take_in(
    before: AdmissionState | None, sent: Sent, offset: int
) -> tuple[AdmissionState | None, str | None]:
    """What a reader decides on a record: the next state, and a code if the record is refused."""
    after, code = admit(before, sent.epoch, sent.sequence)
    if code is None and sent.is_bad:
        code = "bad"
    if code is not None:
        return before, code
    return after.at(capture_ns(sent.last_position(offset)), sent.time_ms, ended=sent.ends), None


def gaps_between(before: AdmissionState | None, after: AdmissionState, offset: int) -> tuple[Gap, ...]:
    """What is missing before a record that was taken."""
    last_ns = before.last_capture_ns if before else None
    first_ns = capture_ns(FramePosition(offset))
    gaps = []
    is_same_epoch = before is not None and before.epoch == after.epoch
    if before is not None and not is_same_epoch and not before.ended:
        gaps.append(Gap(GapKind.NEW_EPOCH, after.epoch, last_ns, first_ns))
    expected = before.sequence + 1 if before is not None and is_same_epoch else 0
    if after.sequence > expected:
        missing = (expected, after.sequence - 1)
        gaps.append(Gap(GapKind.MISSING_SEQUENCE, after.epoch, last_ns, first_ns, sequences=missing))
    return tuple(gaps)


@dataclass
class _Camera:
    epoch: int = 1
    sequence: int = 0
    last: tuple[int, int] | None = None
    forgotten_epoch: int = -1


@dataclass
class Cameras:
    """Publish to the broker, and remember what became true of each stream.

    Attributes:
        broker: Where to.
        sent: Records by offset.
        of_stream: Offsets by stream.
        taken: Offsets of the records that a reader takes who reads everything.
        refused: The offsets of all others.
        gaps: What is missing, by stream and offset.
    """

    broker: ModelBroker
    sent: dict[int, Sent] = field(default_factory=dict)
    of_stream: dict[str, list[int]] = field(default_factory=lambda: {s: [] for s in ("", *STREAMS)})
    taken: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    gaps: dict[tuple[str, int], tuple[Gap, ...]] = field(default_factory=dict)
    _cameras: dict[str, _Camera] = field(default_factory=lambda: {s: _Camera() for s in STREAMS})
    _admissions: dict[str, AdmissionState | None] = field(default_factory=lambda: dict.fromkeys(STREAMS))

    def publish(self, stream: str, kind: Kind, num_frames: int, hole: int) -> None:
        """Publish one record; `hole` offsets before it stay empty, as markers leave them."""
        camera = self._cameras[stream]
        if kind is Kind.RESTART:
            camera.epoch, camera.sequence = camera.epoch + 1, 0
        elif kind is Kind.JUMP:
            camera.sequence += 2
        sent = self._next(stream, camera, kind, num_frames)
        offset = self.broker.end + hole
        self.broker.frames.append(sent.record(offset))
        self.broker.end = offset + 1
        self.sent[offset] = sent
        self.of_stream[sent.stream].append(offset)
        self._judge(sent, offset)

    def is_live(self, stream: str) -> bool:
        """The stream has not ended, or never began."""
        admission = self._admissions[stream]
        return admission is not None and not admission.ended

    def forget_ended(self) -> None:
        """So much time has passed that nobody sends anything late any more of streams that ended."""
        for stream, camera in self._cameras.items():
            if not self.is_live(stream):
                camera.last, camera.forgotten_epoch = None, camera.epoch - 1

    def gaps_without(self, stream: str, offset: int, deleted: Sequence[tuple[int, int]]) -> tuple[Gap, ...]:
        """What is missing before a record for somebody who knows nothing of the deleted ranges of offsets."""
        admission: AdmissionState | None = None
        for earlier in self.of_stream[stream]:
            is_deleted = any(first <= earlier <= last for first, last in deleted)
            if earlier < offset and earlier in self.taken and not is_deleted:
                admission, _ = take_in(admission, self.sent[earlier], earlier)
        after, _ = take_in(admission, self.sent[offset], offset)
        return () if after is None else gaps_between(admission, after, offset)

    def frames_of(
        self, stream: str, first: FramePosition, last: FramePosition, *, refused: bool
    ) -> list[FramePosition]:
        """Frames of a stream's records that were taken, or of all its records, from one to another."""
        offsets = [o for o in self.of_stream[stream] if first.offset <= o <= last.offset]
        offsets = [o for o in offsets if refused or o in self.taken]
        return [p for o in offsets for p in self.sent[o].positions(o) if first <= p <= last]

    def _next(self, stream: str, camera: _Camera, kind: Kind, num_frames: int) -> Sent:
        if kind is Kind.STRAY:
            return Sent("", 1, 0, 0)
        time_ms = self.broker.time_ms
        if kind in (Kind.REPEAT, Kind.STALE) and camera.last is not None:
            epoch, sequence = camera.last
            epoch -= kind is Kind.STALE
            # Nothing is repeated of what nobody has to remember any more.
            if epoch > camera.forgotten_epoch:
                return Sent(stream, 1, epoch, sequence, time_ms=time_ms)
        if kind is Kind.BAD:
            return Sent(stream, 1, camera.epoch, camera.sequence, is_bad=True, time_ms=time_ms)
        ends = kind is Kind.END
        num_frames = {Kind.GROUP: max(num_frames, 1), Kind.END: num_frames}.get(kind, 1)
        sent = Sent(stream, num_frames, camera.epoch, camera.sequence, ends=ends, time_ms=time_ms)
        camera.last = camera.epoch, camera.sequence
        camera.sequence += 1
        if ends:
            camera.epoch, camera.sequence = camera.epoch + 1, 0
        return sent

    def _judge(self, sent: Sent, offset: int) -> None:
        if not sent.stream:
            self.refused.add(offset)
            return
        before = self._admissions[sent.stream]
        after, code = take_in(before, sent, offset)
        if code is not None:
            self.refused.add(offset)
            return
        assert after is not None
        self._admissions[sent.stream] = after
        self.taken.add(offset)
        if gaps := gaps_between(before, after, offset):
            self.gaps[sent.stream, offset] = gaps
