"""The commit protocol on a real Kafka and Redis."""

from __future__ import annotations

import math
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import redis
from kafka import KafkaAdminClient, TopicPartition

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.session import PartitionSession
from pipeline.config import CommitSettings, Settings
from pipeline.errors import (
    FencedError,
    HigherGenerationError,
    NotCommittedError,
    OtherModelError,
    OutcomeUnknownError,
    TopicError,
)
from pipeline.kafka_io import private_names
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import PartitionConsumer, read_to_end
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.messages.dead_letter import DeadLetter
from pipeline.narrator.partition_takeover import take_over
from pipeline.reader.admission import AdmissionState
from pipeline.state_store import StateStore
from pipeline.wire.dead_letter import decode_dead_letter
from pipeline.wire.narration_event import NarrationEvent
from pipeline.wire.stream_event import decode_stream_event
from pipeline.wire.topics import TopicNames, TopicSpec, topic_specs

PARTITION = 1


class Bench:
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
        namespace = f"{self.settings.kafka.prefix}{self.settings.kafka.application}"
        return StateStore(self.settings.redis, namespace, model_hash)

    def publish(self, num_frames: int) -> None:
        sender = IdempotentProducer(self.connection, client_id="bench", max_record_bytes=2**20)
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


@pytest.fixture
def bench(new_settings: Callable[..., Settings]) -> Iterator[Bench]:
    bench = Bench(new_settings(partitions=2))
    yield bench
    bench.close()


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


def test_a_first_owner_starts_at_the_first_frame(bench: Bench) -> None:
    recovery = bench.own().recovery
    assert (recovery.position, recovery.committed_position, recovery.lost_frames) == (0, 0, None)
    assert recovery.streams == {}


def test_what_is_committed_is_found_again(bench: Bench) -> None:
    session = bench.own()
    assert narrate(session, 0, 3, "one") == 0
    session.snapshotted("cam", b"state after 3", FramePosition(3), seen(3))
    assert narrate(session, 4, 6, "two") == 1
    assert refuse(session, 7)
    assert refuse(session, 8, stream="")
    report = session.commit()
    assert report is not None
    assert (report.num_narrations, report.num_dead_letters, report.num_blobs) == (2, 2, 1)
    assert report.position == session.position == 4
    assert session.commit() is None
    session.close()

    session = bench.own()
    recovery = session.recovery
    assert (recovery.position, recovery.committed_position) == (4, 4)
    stream = recovery.streams["cam"]
    assert stream.snapshot == b"state after 3"
    assert (stream.covered, stream.next_offset) == (FramePosition(3), 4)
    assert [(s.end, s.token_ids) for s in stream.journal] == [(FramePosition(6), (6, 2))]
    assert stream.admission == seen(3)
    assert (stream.next_event, stream.dead_lettered_through, stream.ended) == (2, 7, False)
    assert narrate(session, 4, 6, "not again") is None
    assert not refuse(session, 7)
    assert not refuse(session, 8, stream="")
    assert narrate(session, 9, 9, "three") == 2
    session.commit()
    assert bench.texts() == [(0, "one"), (1, "two"), (2, "three")]
    assert bench.dead_offsets() == [7, 8]


def test_an_event_tells_where_it_comes_from(bench: Bench) -> None:
    session = bench.own()
    narrate(session, 0, 3, "one")
    session.commit()
    (event,) = bench.narrations()
    assert (event.application, event.stream, event.epoch) == (bench.settings.kafka.application, "cam", 1000)
    assert (event.source_topic, event.source_partition) == (bench.topics.frames, PARTITION)
    assert (event.model_id, event.model_hash, event.prompt_version) == ("world", "hash", "p1")
    assert event.narration.token_ids == (3, 2)


def test_of_two_owners_the_older_is_fenced_and_nothing_is_doubled(bench: Bench) -> None:
    old = bench.own()
    narrate(old, 0, 3, "one")
    old.commit()
    new = bench.own()
    narrate(old, 4, 6, "two by the old")
    narrate(new, 0, 3, "not again")
    narrate(new, 4, 6, "two by the new", deliver=True)
    with pytest.raises(FencedError):
        old.commit()
    assert not old.is_alive
    with pytest.raises(NotCommittedError):
        old.commit()
    assert new.commit() is not None
    assert bench.texts() == [(0, "one"), (1, "two by the new")]


def test_an_owner_of_an_older_generation_is_refused_and_disturbs_nobody(bench: Bench) -> None:
    session = bench.own(generation=7)
    with pytest.raises(HigherGenerationError) as caught:
        bench.own(generation=6)
    assert caught.value.found == 7
    narrate(session, 0, 3, "one")
    session.commit()
    assert bench.texts() == [(0, "one")]


def test_a_death_between_blob_and_commit_changes_nothing(bench: Bench) -> None:
    session = bench.own()
    narrate(session, 0, 3, "one")
    session.snapshotted("cam", b"state", FramePosition(3), seen(3))
    session.store()
    assert len(bench.redis.keys("*:blob:*")) == 1
    session = bench.own()
    assert bench.redis.keys("*:blob:*") == []
    assert session.recovery.streams == {}
    assert session.recovery.position == 0
    assert bench.texts() == []
    narrate(session, 0, 3, "one again")
    session.commit()
    assert bench.texts() == [(0, "one again")]


def test_a_death_inside_the_transaction_leaves_nothing_visible(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bench.own()
    narrate(session, 0, 3, "never seen")
    monkeypatch.setattr(private_names, "end_transaction", lambda *args, **kwargs: False)
    with pytest.raises(OutcomeUnknownError):
        session.commit()
    monkeypatch.undo()
    with PartitionConsumer(bench.connection, client_id="t", read_committed=False) as consumer:
        assert consumer.bounds(bench.topics.narrations, PARTITION).end == 1
    assert bench.texts() == []
    session = bench.own()
    narrate(session, 0, 3, "seen")
    session.commit()
    assert bench.texts() == [(0, "seen")]


def test_a_commit_whose_answer_was_lost_is_found_by_the_next_owner(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = bench.own()
    narrate(session, 0, 3, "one")
    session.snapshotted("cam", b"state", FramePosition(3), seen(3))
    end_transaction = private_names.end_transaction
    monkeypatch.setattr(
        private_names, "end_transaction", lambda *args, **kwargs: end_transaction(*args, **kwargs) and False
    )
    with pytest.raises(OutcomeUnknownError):
        session.commit()
    monkeypatch.undo()
    session = bench.own()
    assert session.recovery.streams["cam"].snapshot == b"state"
    assert session.recovery.position == 4
    assert bench.texts() == [(0, "one")]


def test_a_lost_blob_is_replaced_by_the_one_before(bench: Bench) -> None:
    session = bench.own()
    narrate(session, 0, 3, "one")
    session.snapshotted("cam", b"first", FramePosition(3), seen(3))
    session.commit()
    narrate(session, 4, 6, "two")
    narrate(session, 7, 9, "three")
    session.snapshotted("cam", b"second", FramePosition(9), seen(9))
    session.commit()
    assert len(bench.redis.keys("*:blob:*")) == 2
    (newest,) = [key for key in bench.redis.keys("*:blob:*") if key != first_blob_key(bench)]
    bench.redis.delete(newest)
    recovery = bench.own().recovery
    stream = recovery.streams["cam"]
    assert stream.snapshot == b"first"
    assert [s.end.offset for s in stream.journal] == [6, 9]
    assert (recovery.position, recovery.committed_position) == (4, 10)
    assert not stream.lost_state

    bench.redis.flushdb()
    recovery = bench.own().recovery
    stream = recovery.streams["cam"]
    assert (stream.snapshot, stream.covered, stream.journal) == (None, FramePosition(9), ())
    assert stream.lost_state
    assert stream.next_event == 3


def first_blob_key(bench: Bench) -> bytes:
    """Key of the blob that holds `first`."""
    records = read_to_end(bench.connection, bench.topics.checkpoints, PARTITION)
    first = next(record.value or b"" for record in records if record.key == b"cam")
    return first.split(b'"key":"')[1].split(b'"')[0]


def test_only_the_last_two_blobs_of_a_stream_are_kept(bench: Bench) -> None:
    session = bench.own()
    for n in range(5):
        narrate(session, n, n, f"{n}")
        session.snapshotted("cam", b"%d" % n, FramePosition(n), seen(n))
        session.commit()
    assert len(bench.redis.keys("*:blob:*")) == 2
    assert bench.own().recovery.streams["cam"].snapshot == b"4"


def test_an_ended_stream_is_forgotten_when_the_partition_has_passed_it(bench: Bench) -> None:
    session = bench.own()
    narrate(session, 0, 0, "other", stream="slow")
    narrate(session, 1, 3, "one")
    session.snapshotted("cam", b"state", FramePosition(2), seen(2))
    session.commit()
    session.ended("cam", FramePosition(3), seen(3))
    session.commit()
    assert bench.redis.keys("*:blob:*") == []
    session = bench.own()
    stream = session.recovery.streams["cam"]
    assert (stream.ended, stream.snapshot, stream.admission) == (True, None, seen(3))
    assert session.recovery.position == 0
    narrate(session, 0, 0, "not again", stream="slow")
    for offset in (1, 2, 3):
        session.delivered("cam", offset)
    session.snapshotted("slow", b"slow", FramePosition(0), seen(0))
    session.commit()
    assert session.position == 4
    session = bench.own()
    assert set(session.recovery.streams) == {"slow"}
    assert session.recovery.position == 4
    assert bench.texts() == [(0, "other"), (0, "one")]


def test_another_model_begins_anew_after_the_last_narration(bench: Bench) -> None:
    session = bench.own()
    narrate(session, 0, 3, "one")
    session.snapshotted("cam", b"state", FramePosition(3), seen(3))
    narrate(session, 4, 5, "two")
    session.commit()
    with pytest.raises(OtherModelError, match="1 stream was made by another model: 1 by model hash"):
        bench.own(model_hash="other")
    # The owner was not disturbed.
    narrate(session, 6, 6, "three")
    session.commit()
    stream = bench.own(model_hash="other", accept_state_loss=True).recovery.streams["cam"]
    assert (stream.snapshot, stream.covered, stream.admission) == (None, FramePosition(6), seen(6))
    assert (stream.next_event, stream.lost_state) == (3, True)


def test_frames_that_retention_deleted_are_told(bench: Bench) -> None:
    session = bench.own()
    narrate(session, 0, 3, "one")
    session.commit()
    delete_frames_before(bench, 40)
    recovery = bench.own().recovery
    assert (recovery.position, recovery.lost_frames) == (40, (0, 39))


def test_a_topic_of_frames_that_was_made_again_is_refused(bench: Bench) -> None:
    session = bench.own()
    for offset in range(100):
        refuse(session, offset, stream="")
    session.commit()
    with KafkaAdmin(bench.settings.kafka) as admin:
        admin.delete_topics([bench.topics.frames])
        deadline = time.monotonic() + 10
        while bench.topics.frames in admin.list_topics() and time.monotonic() < deadline:
            time.sleep(0.1)
        spec = next(s for s in specs(bench) if s.name == bench.topics.frames)
        admin.create_topics([spec])
    with pytest.raises(TopicError, match="id of the topic of frames"):
        bench.own()


def specs(bench: Bench) -> tuple[TopicSpec, ...]:
    return topic_specs(bench.settings.kafka, bench.settings.frames)


def delete_frames_before(bench: Bench, offset: int) -> None:
    admin = KafkaAdminClient(**bench.connection)
    admin.delete_records({TopicPartition(bench.topics.frames, PARTITION): offset})
    admin.close()


def test_two_threads_may_buffer_and_commit_at_once(bench: Bench) -> None:
    session = bench.own()
    done = threading.Event()

    def commit() -> None:
        while not done.is_set():
            session.commit()
        session.commit()

    committer = threading.Thread(target=commit)
    committer.start()
    for offset in range(100):
        narrate(session, offset, offset, f"{offset}")
        if offset % 10 == 9:
            session.snapshotted("cam", b"%d" % offset, FramePosition(offset), seen(offset))
    done.set()
    committer.join(20)
    assert bench.texts() == [(n, f"{n}") for n in range(100)]
    assert session.position == 100


def test_the_store_may_be_down_for_a_while(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    session = bench.own()
    away = bench.settings.redis.model_copy(update={"url": "redis://127.0.0.1:1/0"})
    broken = StateStore(away, "x", "hash")
    monkeypatch.setattr(session._storer, "_blobs", broken)
    narrate(session, 0, 3, "one")
    session.snapshotted("cam", b"state", FramePosition(3), seen(3))
    report = session.commit()
    assert report is not None
    assert (report.num_narrations, report.num_blobs, report.position) == (1, 0, 0)
    broken.close()
    monkeypatch.setattr(session._storer, "_blobs", bench.store)
    report = session.commit()
    assert report is not None
    assert (report.num_narrations, report.num_blobs, report.position) == (0, 1, 4)


def test_commit_latency(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    """20 streams with a narration each, in one transaction; every fourth time with snapshots of 64 KiB."""
    bench.publish(700)
    session = bench.own()
    plain_s, with_blobs_s = [], []
    for n in range(40):
        for k in range(20):
            stream = f"cam-{k}"
            offset = n * 20 + k
            narrate(session, offset, offset, "picks up the red cup from the table", stream=stream)
            if n % 4 == 3:
                data = (b"%d " % offset) * 16_000
                session.snapshotted(stream, data[: 64 * 1024], FramePosition(offset), seen(offset))
        started_s = time.monotonic()
        report = session.commit()
        assert report is not None
        assert report.num_narrations == 20
        (with_blobs_s if report.num_blobs else plain_s).append(time.monotonic() - started_s)
    started_s = time.monotonic()
    assert len(bench.own().recovery.streams) == 20
    takeover_s = time.monotonic() - started_s
    lines = [f"takeover of 20 streams: {takeover_s * 1e3:.0f} ms"]
    for name, times in (("20 narrations", plain_s), ("20 narrations and snapshots", with_blobs_s)):
        p95_s = statistics.quantiles(times, n=20)[-1]
        lines.append(f"{name}: median {statistics.median(times) * 1e3:.0f} ms, p95 {p95_s * 1e3:.0f} ms")
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert statistics.median(plain_s) < 2.0


def test_the_snapshot_policy_comes_from_the_settings(bench: Bench) -> None:
    commit = CommitSettings(snapshot_every_segments=2, snapshot_every_s=1000)
    bench.settings = bench.settings.model_copy(update={"commit": commit})
    session = bench.own()
    narrate(session, 0, 0, "one")
    assert not session.snapshot_due("cam")
    narrate(session, 1, 1, "two")
    assert session.snapshot_due("cam")
    assert session.due_streams() == ["cam"]
    session.snapshotted("cam", b"x", FramePosition(1), seen(1))
    assert session.due_streams() == []
