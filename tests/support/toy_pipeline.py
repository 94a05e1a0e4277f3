"""A whole pipeline in one process: real clients and commits, a toy instead of a model, no Ray.

A camera publishes numbered frames; an owner reads them, folds each into its stream's state, and narrates
every fifth one with the state as its text. So what must have been narrated can be computed from the frames
alone, and any frame that was lost, doubled or put into the wrong state shows in every later text.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
import time
from types import SimpleNamespace
from typing import Any

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.session import PartitionSession
from pipeline.config import Settings
from pipeline.errors import PipelineError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import PartitionConsumer, read_to_end
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import Delivery, OutgoingRecord, Record
from pipeline.narrator.committer import Committer
from pipeline.narrator.partition_takeover import take_over
from pipeline.publisher.outlet import FrameOutlet
from pipeline.reader.admission import AdmissionState
from pipeline.state_store import StateStore
from pipeline.wire.narration_event import decode_narration
from pipeline.wire.topics import TopicNames
from tests.support.waiting import wait_until

PARTITION = 0
STREAMS = ("a", "b", "c")
EVERY = 5
PADDING = "x" * 20_000
"""States are as large as a small model's, so that the store has something to do."""


def digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


class ToyStream:
    """The state of one stream."""

    def __init__(self, data: bytes | None = None) -> None:
        self.state, self.count = "", 0
        if data is not None:
            self.state, self.count, _ = json.loads(data)

    def to_bytes(self) -> bytes:
        return json.dumps([self.state, self.count, PADDING]).encode()

    def take(self, value: bytes) -> str | None:
        """Fold a frame in; returns a text if the stream speaks."""
        self.state, self.count = digest(self.state, value), self.count + 1
        return self.state if self.count % EVERY == 0 else None


class Camera(threading.Thread):
    """Publishes frames of all streams, one after the other, until it is stopped."""

    def __init__(self, settings: Settings, fps: float) -> None:
        super().__init__(name="camera", daemon=True)
        self.failure: Exception | None = None
        self.num_lost = 0
        self.stop = threading.Event()
        self._topic = TopicNames.of(settings.kafka.prefix).frames
        self._pause_s = 1.0 / fps
        self._producer = IdempotentProducer(
            connection_kwargs(settings.kafka), client_id="toy-camera", max_record_bytes=2**20
        )
        self._outlet = FrameOutlet(self._producer, "toy", may_leave_out=False, stop=self.stop)

    def run(self) -> None:
        try:
            number = 0
            while not self.stop.wait(self._pause_s):
                stream = STREAMS[number % len(STREAMS)]
                record = OutgoingRecord(self._topic, PARTITION, stream.encode(), b"%d" % number)
                self._outlet.send(record, self._on_done)
                number += 1
            self._producer.flush(60)
        except Exception as error:
            self.failure = error
        finally:
            self._producer.close()

    def _on_done(self, delivery: Delivery) -> None:
        self.num_lost += delivery.error is not None


class Owner(threading.Thread):
    """Takes the partition over again and again, as a supervisor has it done, and narrates."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="owner", daemon=True)
        self.stop = threading.Event()
        self.lost: list[str] = []
        self.max_open = 0
        self._settings = settings
        self._topic = TopicNames.of(settings.kafka.prefix).frames
        namespace = settings.kafka.namespace
        self.store = StateStore(settings.redis, namespace, "toy")

    def run(self) -> None:
        generation = 0
        while not self.stop.is_set():
            generation += 1
            try:
                self.store.require_up()
                session = take_over(
                    PARTITION,
                    generation,
                    self._settings,
                    narrator="toy",
                    model_id="toy",
                    model_hash="toy",
                    blobs=self.store,
                )
            except PipelineError as error:
                self.lost.append(str(error))
                self.stop.wait(0.2)
                continue
            owned: Any = SimpleNamespace(
                partition=PARTITION, session=session, lost_because="", committed_position=0, where="toy"
            )
            owned.lose = lambda reason, owned=owned: setattr(owned, "lost_because", reason)
            committer = Committer(owned, 0.05)
            try:
                self._narrate(session, owned)
            except PipelineError as error:
                owned.lose(str(error))
            committer.stop(10)
            if owned.lost_because:
                self.lost.append(owned.lost_because)
        self.store.close()

    def _narrate(self, session: PartitionSession, owned: Any) -> None:
        recovery = session.recovery
        found = {name: state.snapshot for name, state in recovery.streams.items()}
        streams = {name: ToyStream(found.get(name)) for name in STREAMS}
        last: dict[str, FramePosition] = {}
        with PartitionConsumer(
            connection_kwargs(self._settings.kafka), client_id="toy", read_committed=True
        ) as consumer:
            consumer.assign(self._topic, PARTITION, recovery.position)
            while not (owned.lost_because or self.stop.is_set()):
                for record in consumer.poll(0.05):
                    self._take(session, streams, record, last)
                self.max_open = max(self.max_open, session.num_open)
                for name in session.due_streams():
                    if name in last:
                        state = AdmissionState(1, streams[name].count)
                        session.snapshotted(name, streams[name].to_bytes(), last[name], state)

    def _take(
        self,
        session: PartitionSession,
        streams: dict[str, ToyStream],
        record: Record,
        last: dict[str, FramePosition],
    ) -> None:
        name, position = (record.key or b"").decode(), FramePosition(record.offset)
        session.delivered(name, record.offset)
        if record.offset < session.recovery.needed_from(name):
            return
        stream = streams[name]
        text = stream.take(record.value or b"")
        session.processed(name, position, last_of_record=True)
        last[name] = position
        if text is not None:
            narration = Narration(
                0, position, position, 0, record.offset, text, (1,), math.nan, math.nan, False
            )
            session.narrated(name, narration, AdmissionState(1, stream.count), prompt_version="p")


class ToyPipeline:
    """Camera and owner together, and what they make visible."""

    def __init__(self, settings: Settings, *, fps: float = 60.0) -> None:
        self.settings = settings
        self.camera = Camera(settings, fps)
        self.owner = Owner(settings)
        self._topics = TopicNames.of(settings.kafka.prefix)
        self.owner.start()
        self.camera.start()

    def end(self) -> int:
        """Stop publishing, wait until everything is narrated, and check it; returns how much there was."""
        self.camera.stop.set()
        self.camera.join(90)
        assert not self.camera.is_alive()
        assert self.camera.failure is None
        assert self.camera.num_lost == 0
        expected = self._expected()
        wait_until(lambda: len(self._visible()) >= len(expected), "all narrations")
        self.owner.stop.set()
        self.owner.join(30)
        assert self._visible() == expected
        return len(expected)

    def narrates_again(self, deadline_s: float) -> float:
        """Wait for a narration that becomes visible from now on; returns after how many seconds it did."""
        began_s = time.monotonic()
        with PartitionConsumer(
            connection_kwargs(self.settings.kafka), client_id="toy-reader", read_committed=True
        ) as consumer:
            topic = self._topics.narrations
            consumer.assign(topic, PARTITION, consumer.bounds(topic, PARTITION).end)
            while not consumer.poll(0.1):
                assert time.monotonic() - began_s < deadline_s, self.owner.lost[-3:]
        return time.monotonic() - began_s

    def _read(self, topic: str) -> list[Record]:
        return read_to_end(connection_kwargs(self.settings.kafka), topic, PARTITION)

    def _visible(self) -> list[tuple[str, int, int, str]]:
        """Every narration: stream, number, place, text."""
        events = [decode_narration(r.value, r.headers) for r in self._read(self._topics.narrations)]
        return sorted((e.stream, e.number, e.narration.end.offset, e.narration.text) for e in events)

    def _expected(self) -> list[tuple[str, int, int, str]]:
        streams = {name: ToyStream() for name in STREAMS}
        said: list[tuple[str, int, int, str]] = []
        values = []
        for record in self._read(self._topics.frames):
            name = (record.key or b"").decode()
            values.append(int(record.value or b""))
            text = streams[name].take(record.value or b"")
            if text is not None:
                said.append((name, streams[name].count // EVERY - 1, record.offset, text))
        assert values == list(range(len(values))), "the camera lost, doubled or mixed frames"
        return sorted(said)
