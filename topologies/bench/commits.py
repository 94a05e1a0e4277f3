"""How long the commits and the takeovers of one partition take, on a Kafka and Redis of their own."""

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.session import PartitionSession
from pipeline.config import Settings
from pipeline.kafka_io.admin import create_all_topics
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.narrator.partition_takeover import take_over
from pipeline.reader.admission import AdmissionState
from pipeline.services.local import start_services, stop_services
from pipeline.state_store import StateStore
from pipeline.wire.topics import TopicNames
from topologies.bench.options import CommitOptions
from topologies.bench.settings import bench_settings
from topologies.own_services import with_addresses

PARTITION = 0
NUM_PARTITIONS = 1
MODEL = "bench"
TEXT = "The hand picks up the red cup from the table."

COMMIT = "commit"
COMMIT_WITH_SNAPSHOTS = "commit with snapshots"
TAKEOVER = "takeover"

PUBLISH_DEADLINE_S = 30.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CommitFigures:
    """How long one thing took.

    Attributes:
        what: A commit, a commit with snapshots, or a takeover.
        count: How often it was measured.
        p50_ms: Milliseconds, half of them.
        p95_ms: The same, all but one of twenty.
    """

    what: str
    count: int
    p50_ms: float
    p95_ms: float


def measure_commits(options: CommitOptions, say: Say) -> list[CommitFigures]:
    """Start Kafka and Redis, commit and take over, and end them.

    Raises:
        FlowNarError: A service can't be started, or a commit failed.
    """
    with _services(bench_settings(NUM_PARTITIONS), say) as running, _store(running) as store:
        _publish(running, options.commits * options.streams)
        say(f"{options.commits} commits of {options.streams} narrations")
        session = _own(running, store, generation=1)
        plain_s, with_snapshots_s = _commit_all(session, options)
        session.close()
        say(f"{options.takeovers} takeovers of {options.streams} streams")
        takeovers_s = _take_over_again(running, store, options.takeovers)
    measured = ((COMMIT, plain_s), (COMMIT_WITH_SNAPSHOTS, with_snapshots_s), (TAKEOVER, takeovers_s))
    return [_figures(what, times_s) for what, times_s in measured if times_s]


@contextmanager
def _services(settings: Settings, say: Say) -> Iterator[Settings]:
    # What an interrupted run may have left, its data included.
    stop_services(settings, volumes=True)
    try:
        say("starting Kafka and Redis")
        running = with_addresses(settings, start_services(settings))
        create_all_topics(running)
        yield running
    finally:
        stop_services(settings, volumes=True)


@contextmanager
def _store(settings: Settings) -> Iterator[StateStore]:
    store = StateStore(settings.redis, settings.kafka.namespace, MODEL)
    try:
        yield store
    finally:
        store.close()


def _publish(settings: Settings, num_records: int) -> None:
    """Frames for the commits to have come from: a position behind the end of the frames is refused."""
    topic = TopicNames.of(settings.kafka.prefix).frames
    sender = IdempotentProducer(connection_kwargs(settings.kafka), client_id="bench", max_record_bytes=2**20)
    try:
        for _ in range(num_records):
            sender.send(OutgoingRecord(topic, PARTITION, b"bench", b"frame"))
        sender.flush(PUBLISH_DEADLINE_S)
    finally:
        sender.close()


def _own(settings: Settings, store: StateStore, generation: int) -> PartitionSession:
    return take_over(
        PARTITION, generation, settings, narrator="bench", model_id=MODEL, model_hash=MODEL, blobs=store
    )


def _commit_all(session: PartitionSession, options: CommitOptions) -> tuple[list[float], list[float]]:
    """Seconds of commits without and with snapshots."""
    plain_s: list[float] = []
    with_snapshots_s: list[float] = []
    for n in range(options.commits):
        has_snapshots = n % options.snapshot_every == options.snapshot_every - 1
        for i in range(options.streams):
            offset, stream = n * options.streams + i, f"bench/{i}"
            _narrate(session, stream, offset, segment=n)
            if has_snapshots:
                state = os.urandom(options.snapshot_kib * 1024)
                session.snapshotted(stream, state, FramePosition(offset), AdmissionState(1, n))
        began_s = time.monotonic()
        session.commit()
        (with_snapshots_s if has_snapshots else plain_s).append(time.monotonic() - began_s)
    return plain_s, with_snapshots_s


def _narrate(session: PartitionSession, stream: str, offset: int, segment: int) -> None:
    position = FramePosition(offset)
    session.delivered(stream, offset)
    session.processed(stream, position, last_of_record=True)
    narration = Narration(
        segment, position, position, offset, offset, TEXT, tuple(range(12)), math.nan, math.nan, False
    )
    session.narrated(stream, narration, AdmissionState(1, segment), prompt_version="bench")


def _take_over_again(settings: Settings, store: StateStore, num_takeovers: int) -> list[float]:
    times_s = []
    for generation in range(2, 2 + num_takeovers):
        began_s = time.monotonic()
        session = _own(settings, store, generation)
        times_s.append(time.monotonic() - began_s)
        session.close()
    return times_s


def _figures(what: str, times_s: list[float]) -> CommitFigures:
    p50_ms, p95_ms = (round(1e3 * float(np.quantile(times_s, share)), 1) for share in (0.5, 0.95))
    return CommitFigures(what, len(times_s), p50_ms, p95_ms)
