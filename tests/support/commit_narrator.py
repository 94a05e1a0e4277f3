"""A narrator with the real protocol and a toy model: can crashes change what it publishes?

The toy's state is a hash over all frames and all narrations of the stream. Its decisions and its words differ
from process to process, as those of a real model may in the last bits; only the journal can make two of them
agree. `check` computes the state again from what was published: if any narration was made from another state
than the one that follows from its stream's frames and published narrations, it shows.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.session import PartitionSession
from pipeline.kafka_io.records import Record
from pipeline.messages.dead_letter import DeadLetter
from pipeline.reader.admission import AdmissionState, admit
from pipeline.wire.cloud_event import format_event_id
from pipeline.wire.narration_event import NarrationEvent
from pipeline.wire.stream_event import decode_stream_event
from tests.support.commit_model import TOPICS, World

GOOD, BAD, STRAY, END = "good", "bad", "stray", "end"


@dataclass(frozen=True)
class Sent:
    """One published record of frames: `num_frames` frames of a stream, or one that will be refused."""

    stream: str
    kind: str
    num_frames: int
    epoch: int
    sequence: int

    def record(self, offset: int) -> Record:
        value = json.dumps([self.kind, self.num_frames, self.epoch, self.sequence]).encode()
        return Record(TOPICS.frames, 0, offset, 0, self.stream.encode(), value)


def read_sent(record: Record) -> Sent:
    kind, num_frames, epoch, sequence = json.loads(record.value or b"")
    return Sent((record.key or b"").decode(), kind, num_frames, epoch, sequence)


def digest(*parts: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4])


@dataclass
class ToyStream:
    """State of one stream in one process."""

    state: int = 0
    num_frames: int = 0
    segment: int = 0
    start: FramePosition | None = None
    last: FramePosition | None = None
    admission: AdmissionState | None = None

    def to_bytes(self) -> bytes:
        start = self.start and [self.start.offset, self.start.index]
        last = self.last and [self.last.offset, self.last.index]
        return json.dumps([self.state, self.num_frames, self.segment, start, last]).encode()

    def restore(self, data: bytes) -> None:
        self.state, self.num_frames, self.segment, start, last = json.loads(data)
        self.start, self.last = start and FramePosition(*start), last and FramePosition(*last)

    def said(self, tokens: tuple[int, ...]) -> None:
        self.state = digest(self.state, tokens)
        self.segment += 1
        self.start = None


@dataclass
class ToyNarrator:
    """One process that owns the partition."""

    world: World
    session: PartitionSession
    random: Random
    streams: dict[str, ToyStream] = field(default_factory=dict)

    def run(self, until: int | None = None, *, links: bool = False) -> None:
        """Process the frames up to the offset `until`; commits and snapshots come at random moments."""
        recovery = self.session.recovery
        records = [r for r in self.world.broker.frames if r.offset >= recovery.position]
        previous = recovery.position - 1
        deliveries = []
        for record in records:
            deliveries.append((record, previous))
            previous = record.offset
        if links:
            deliveries = self._shuffled(deliveries)
        for record, before in deliveries:
            if until is not None and record.offset >= until:
                continue
            stream = read_sent(record).stream
            self.session.delivered(stream, record.offset, before if links else None)
            if self.random.random() < 0.3:
                self.session.commit()
            self._take(record)
            if self.random.random() < 0.4:
                self.session.commit()
            self.world.clock.now_s += self.random.choice([0.1, 1.0, 20.0])

    def finish(self) -> None:
        """Everything that can be committed is."""
        for _ in range(10):
            # The store may be down, and is then left alone for a while.
            self.session.commit()
            self.world.clock.now_s += 100.0
            for stream in self.session.due_streams():
                self._snapshot(stream)

    def _shuffled(self, deliveries: list[tuple[Record, int]]) -> list[tuple[Record, int]]:
        """Keep the order of each stream, as the narrator's chain does, and mix the streams."""
        by_stream: dict[str, list[tuple[Record, int]]] = {}
        for delivery in deliveries:
            by_stream.setdefault(read_sent(delivery[0]).stream, []).append(delivery)
        order = [read_sent(record).stream for record, _ in deliveries]
        for i in range(len(order) - 1):
            if self.random.random() < 0.3:
                order[i], order[i + 1] = order[i + 1], order[i]
        return [by_stream[stream].pop(0) for stream in order]

    def _take(self, record: Record) -> None:
        sent = read_sent(record)
        if not sent.stream:
            self.session.dead_lettered("", letter(record, "stray"))
            return
        recovered = self.session.recovery.streams.get(sent.stream)
        if record.offset < self.session.recovery.needed_from(sent.stream):
            return
        stream = self._stream(sent.stream)
        if recovered is None or record.offset > recovered.covered.offset:
            admission, code = admit(stream.admission, sent.epoch, sent.sequence)
            if code is None and sent.kind == BAD:
                code = "bad"
            if code is not None:
                self.session.dead_lettered(sent.stream, letter(record, code))
                return
            stream.admission = admission
        for index in range(sent.num_frames):
            position = FramePosition(record.offset, index)
            last = index == sent.num_frames - 1
            if not self.session.recovery.is_done(sent.stream, position):
                self._step(sent.stream, stream, position, end=last and sent.kind == END)
                stream.last = position
            if self.random.random() < 0.1:
                self.session.commit()
            self.session.processed(sent.stream, position, last and sent.kind != END)
            if self.session.snapshot_due(sent.stream) or self.random.random() < 0.1:
                self._snapshot(sent.stream)
        if sent.kind == END:
            assert stream.admission is not None
            if stream.start is not None and stream.last is not None:
                self._narrate(sent.stream, stream, stream.last, (stream.state, self.random.randrange(100)))
                if self.random.random() < 0.2:
                    self.session.commit()
            last_frame = FramePosition(record.offset, max(sent.num_frames - 1, 0))
            self.session.ended(sent.stream, last_frame, stream.admission)
            self.streams[sent.stream] = ToyStream(admission=stream.admission)

    def _step(self, name: str, stream: ToyStream, position: FramePosition, *, end: bool) -> None:
        recovered = self.session.recovery.streams.get(name)
        stream.start = stream.start or position
        stream.state = digest(stream.state, position)
        journal = {s.end: s.token_ids for s in recovered.journal} if recovered else {}
        if journal and position <= max(journal):
            tokens = journal.get(position)
        else:
            speaks = stream.num_frames == 0 or end or self.random.random() < 0.4
            tokens = (stream.state, self.random.randrange(100)) if speaks else None
        stream.num_frames += 1
        if tokens is None:
            return
        if position in journal:
            stream.said(tokens)
        else:
            assert self._narrate(name, stream, position, tokens) is not None

    def _narrate(
        self, name: str, stream: ToyStream, end: FramePosition, tokens: tuple[int, ...]
    ) -> int | None:
        assert stream.start is not None
        assert stream.admission is not None
        narration = Narration(
            stream.segment, stream.start, end, 0, 0, str(tokens[1]), tokens, math.nan, math.nan, False
        )
        stream.said(tokens)
        return self.session.narrated(name, narration, stream.admission, prompt_version="p")

    def _snapshot(self, name: str) -> None:
        stream = self._stream(name)
        if stream.last is not None:
            self.session.snapshotted(name, stream.to_bytes(), stream.last, stream.admission)

    def _stream(self, name: str) -> ToyStream:
        if name not in self.streams:
            recovered = self.session.recovery.streams.get(name)
            stream = self.streams[name] = ToyStream()
            if recovered is not None:
                stream.admission = recovered.admission
                if recovered.snapshot is not None:
                    stream.restore(recovered.snapshot)
        return self.streams[name]


def letter(record: Record, code: str) -> DeadLetter:
    return DeadLetter.of(record, code=code, message=code, stage="reader")


def check(world: World, *, lost_state: bool = False) -> None:
    """Everything that readers see is as if nothing had ever failed.

    Args:
        lost_state: Snapshots were lost for good: then states may have begun anew.
    """
    told = [decode_stream_event(r.value, r.headers) for r in world.broker.logs[TOPICS.narrations]]
    ids = [format_event_id(e.stream, e.epoch, e.number) for e in told]
    events = [event for event in told if isinstance(event, NarrationEvent)]
    assert len(set(ids)) == len(ids), "an event was published twice"
    positions = world.broker.positions()
    assert positions == sorted(positions), "the position went back"
    refused: list[tuple[int, str]] = []
    admissions: dict[str, AdmissionState] = {}
    states: dict[str, tuple[int, int, int]] = {}
    silent: dict[str, FramePosition] = {}
    published = {(e.stream, e.narration.end): e for e in events}
    assert len(published) == len(events), "two narrations end with the same frame"
    order: dict[str, list[FramePosition]] = {}
    for event in events:
        order.setdefault(event.stream, []).append(event.narration.end)
    for stream, ends in order.items():
        assert ends == sorted(ends), f"narrations of {stream} are out of order"
    for record in world.broker.frames:
        sent = read_sent(record)
        if not sent.stream:
            refused.append((record.offset, "stray"))
            continue
        admission, code = admit(admissions.get(sent.stream), sent.epoch, sent.sequence)
        if code is None and sent.kind == BAD:
            code = "bad"
        if code is not None:
            refused.append((record.offset, code))
            continue
        admissions[sent.stream] = admission
        for index in range(sent.num_frames):
            position = FramePosition(record.offset, index)
            state, num_frames, segment = states.get(sent.stream, (0, 0, 0))
            state = digest(state, position)
            event = published.pop((sent.stream, position), None)
            is_end = sent.kind == END and index == sent.num_frames - 1
            assert event is not None or not (num_frames == 0 or is_end), f"no narration at {position}"
            silent[sent.stream] = position
            if event is not None:
                del silent[sent.stream]
                tokens = event.narration.token_ids
                if not lost_state:
                    assert tokens[0] == state, f"{sent.stream} {position}: made from another state"
                    assert event.narration.segment == segment
                # The record that ends a stream may come from a newer epoch than the last frame.
                assert event.epoch >= admission.epoch
                state, segment = digest(state, tokens), segment + 1
            states[sent.stream] = (state, num_frames + 1, segment)
        if sent.kind == END:
            states.pop(sent.stream, None)
            assert lost_state or sent.stream not in silent, f"{sent.stream} ended without a narration"
            silent.pop(sent.stream, None)
    assert not published, "a narration of frames that are not there"
    _check_dead_letters(world, refused)


def _check_dead_letters(world: World, refused: list[tuple[int, str]]) -> None:
    dead = Counter(r.value for r in world.broker.logs[TOPICS.dlq])
    wanted = Counter(world.broker.frames[offset].value for offset, _ in refused)
    offsets = [int(dict(r.headers)["error-offset"]) for r in world.broker.logs[TOPICS.dlq]]
    assert sorted(offsets) == sorted(offset for offset, _ in refused), "dead letters lost or repeated"
    assert dead == wanted
