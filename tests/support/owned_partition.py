"""One partition on a real Kafka and Redis, and the narrators that own it one after the other."""

from __future__ import annotations

import math

import redis

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.session import PartitionSession
from pipeline.config import Settings
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import read_to_end
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.messages.dead_letter import DeadLetter
from pipeline.narrator.partition_takeover import take_over
from pipeline.reader.admission import AdmissionState
from pipeline.state_store import StateStore
from pipeline.wire.dead_letter import decode_dead_letter
from pipeline.wire.narration_event import NarrationEvent
from pipeline.wire.stream_event import decode_stream_event
from pipeline.wire.topics import TopicNames

PARTITION = 1


class OwnedPartition:
    """One partition with 100 frames, and the narrators that own it one after the other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.topics = TopicNames.of(settings.kafka.prefix)
        self.connection = connection_kwargs(settings.kafka)
        self.store = self.open_store("hash")
        self.redis = redis.Redis.from_url(settings.redis.url)
        self.generation = 0
        self.sessions: list[PartitionSession] = []
        self.publish(100)

    def open_store(self, model_hash: str) -> StateStore:
        namespace = self.settings.kafka.namespace
        return StateStore(self.settings.redis, namespace, model_hash)

    def publish(self, num_frames: int) -> None:
        sender = IdempotentProducer(self.connection, client_id="frames", max_record_bytes=2**20)
        for _ in range(num_frames):
            sender.send(OutgoingRecord(self.topics.frames, PARTITION, b"cam", b"frame"))
        sender.flush(20)
        sender.close()

    def own(
        self, generation: int | None = None, model_hash: str = "hash", *, accept_state_loss: bool = False
    ) -> PartitionSession:
        self.generation = self.generation + 1 if generation is None else generation
        commit = self.settings.commit.model_copy(update={"accept_state_loss": accept_state_loss})
        session = take_over(
            PARTITION,
            self.generation,
            self.settings.model_copy(update={"commit": commit}),
            narrator=f"narrator-{self.generation}",
            model_id="world",
            model_hash=model_hash,
            blobs=self.store,
        )
        self.sessions.append(session)
        return session

    def narrations(self) -> list[NarrationEvent]:
        records = read_to_end(self.connection, self.topics.narrations, PARTITION)
        events = [decode_stream_event(record.value, record.headers) for record in records]
        return [event for event in events if isinstance(event, NarrationEvent)]

    def texts(self) -> list[tuple[int, str]]:
        return [(event.number, event.narration.text) for event in self.narrations()]

    def dead_offsets(self) -> list[int]:
        records = read_to_end(self.connection, self.topics.dlq, PARTITION)
        return [decode_dead_letter(r.key, r.value, r.headers)[0].offset for r in records]

    def close(self) -> None:
        for session in self.sessions:
            session.close()
        self.store.close()
        self.redis.flushdb()
        self.redis.close()


def seen(offset: int) -> AdmissionState:
    return AdmissionState(epoch=1000, sequence=offset)


def narrate(
    session: PartitionSession, start: int, end: int, text: str, *, stream: str = "cam", deliver: bool = True
) -> int | None:
    """The frames from `start` to `end` come in and end with a narration."""
    for offset in range(start, end + 1):
        if deliver:
            session.delivered(stream, offset)
        session.processed(stream, FramePosition(offset), last_of_record=True)
    narration = Narration(
        segment=0,
        start=FramePosition(start),
        end=FramePosition(end),
        start_time_ns=start * 10**9,
        end_time_ns=end * 10**9,
        text=text,
        token_ids=(end, 2),
        p_skip=math.nan,
        threshold=math.nan,
        forced=False,
    )
    return session.narrated(stream, narration, seen(end), prompt_version="p1")


def refuse(session: PartitionSession, offset: int, stream: str = "cam") -> bool:
    session.delivered(stream, offset)
    letter = DeadLetter(
        "frames", PARTITION, offset, 0, b"cam", b"bad", (("x", b"y"),), "image-corrupt", "no image", "reader"
    )
    return session.dead_lettered(stream, letter)
