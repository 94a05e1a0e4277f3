"""Producers and consumers on a real broker: outcomes, fencing, isolation, deadlines."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from pipeline.config import Settings
from pipeline.errors import (
    BrokerError,
    FencedError,
    NotCommittedError,
    OffsetOutOfRangeError,
    OutcomeUnknownError,
    WireError,
)
from pipeline.kafka_io import private_names, watch
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import PartitionConsumer, read_to_end
from pipeline.kafka_io.group_offsets import GroupOffsetReporter
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.producer import TransactionalProducer
from pipeline.kafka_io.records import Delivery, OutgoingRecord
from pipeline.services.local import service_states
from pipeline.wire.topics import TopicNames
from tests.support.waiting import wait_until

MIB = 2**20


@pytest.fixture
def settings(new_settings: Callable[..., Settings]) -> Settings:
    return new_settings(partitions=2)


@pytest.fixture
def topics(settings: Settings) -> TopicNames:
    return TopicNames.of(settings.kafka.prefix)


def producer(settings: Settings, topics: TopicNames, max_bytes: int = MIB) -> TransactionalProducer:
    return TransactionalProducer(
        connection_kwargs(settings.kafka),
        transactional_id=f"{settings.kafka.prefix}tx",
        max_bytes={topics.narrations: max_bytes, topics.checkpoints: max_bytes},
    )


def values(settings: Settings, topic: str) -> list[bytes | None]:
    return [record.value for record in read_to_end(connection_kwargs(settings.kafka), topic, 0)]


def record(topic: str, value: bytes) -> OutgoingRecord:
    return OutgoingRecord(topic, 0, b"key", value, (("name", b"header"),))


def test_a_transaction_writes_all_records_to_all_topics(settings: Settings, topics: TopicNames) -> None:
    writer = producer(settings, topics)
    offsets = writer.transact([record(topics.narrations, b"a"), record(topics.checkpoints, b"b")], 25)
    assert offsets == (0, 0)
    assert writer.transact([record(topics.narrations, b"c")], 25) == (2,)  # 1 is the commit marker
    writer.close()
    found = read_to_end(connection_kwargs(settings.kafka), topics.narrations, 0)
    assert [(r.offset, r.key, r.value, r.headers) for r in found] == [
        (0, b"key", b"a", (("name", b"header"),)),
        (2, b"key", b"c", (("name", b"header"),)),
    ]
    assert values(settings, topics.checkpoints) == [b"b"]


def test_an_older_producer_is_fenced_and_its_open_transaction_never_seen(
    settings: Settings, topics: TopicNames
) -> None:
    old = producer(settings, topics)
    old.transact([record(topics.narrations, b"before")], 25)
    old._producer.begin_transaction()
    old._send(record(topics.narrations, b"open")).get(timeout=10)
    assert values(settings, topics.narrations) == [b"before"]
    started_s = time.monotonic()
    new = producer(settings, topics)
    assert time.monotonic() - started_s < 5
    new.transact([record(topics.narrations, b"after")], 25)
    assert values(settings, topics.narrations) == [b"before", b"after"]
    with pytest.raises(OutcomeUnknownError):
        commit_what_is_open(old)
    assert values(settings, topics.narrations) == [b"before", b"after"]
    with pytest.raises(NotCommittedError):
        old.transact([record(topics.narrations, b"late")], 25)
    new.close()


def commit_what_is_open(writer: TransactionalProducer) -> None:
    """What `transact` does after its sends."""
    try:
        private_names.end_transaction(writer._producer, commit=True, timeout_s=10)
    except Exception as error:
        writer.close()
        raise writer._unknown(repr(error)) from error


def test_a_fenced_transact_says_that_nothing_was_committed(settings: Settings, topics: TopicNames) -> None:
    old = producer(settings, topics)
    new = producer(settings, topics)
    with pytest.raises(FencedError) as caught:
        old.transact([record(topics.narrations, b"x")], 25)
    assert "new generation" in caught.value.action
    assert values(settings, topics.narrations) == []
    new.close()


def test_a_record_that_is_too_large_is_refused_before_anything_begins(
    settings: Settings, topics: TopicNames
) -> None:
    writer = producer(settings, topics, max_bytes=10_000)
    with pytest.raises(WireError) as caught:
        writer.transact([record(topics.narrations, b"a"), record(topics.checkpoints, b"x" * 10_000)], 25)
    assert caught.value.code == "record-too-large"
    writer.transact([record(topics.narrations, b"small")], 25)
    writer.close()
    assert values(settings, topics.narrations) == [b"small"]


@contextmanager
def frozen_broker(settings: Settings) -> Iterator[None]:
    """The broker keeps its connections and answers nothing, as behind a cut that drops packets."""
    (state,) = service_states(settings, ("kafka",))
    assert state.pid is not None
    os.kill(state.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(state.pid, signal.SIGCONT)


def test_a_send_without_an_answer_ends_at_the_deadline(settings: Settings, topics: TopicNames) -> None:
    writer = producer(settings, topics)
    writer.transact([record(topics.narrations, b"before")], 25)
    started_s = time.monotonic()
    with frozen_broker(settings), pytest.raises(NotCommittedError):
        writer.transact([record(topics.narrations, b"a")], 1.0)
    assert time.monotonic() - started_s < 6
    producer(settings, topics).close()
    assert values(settings, topics.narrations) == [b"before"]


def test_a_commit_without_an_answer_ends_at_the_deadline(
    settings: Settings, topics: TopicNames, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = producer(settings, topics)
    end_transaction = private_names.end_transaction
    with ExitStack() as stack:

        def freeze_and_commit(*args: Any, **kwargs: Any) -> bool:
            stack.enter_context(frozen_broker(settings))
            return end_transaction(*args, **kwargs)

        monkeypatch.setattr(private_names, "end_transaction", freeze_and_commit)
        started_s = time.monotonic()
        with pytest.raises(OutcomeUnknownError):
            writer.transact([record(topics.narrations, b"a")], 1.5)
        assert time.monotonic() - started_s < 5
    producer(settings, topics).close()
    assert values(settings, topics.narrations) in ([], [b"a"])


def test_the_private_names_of_kafka_python_are_there(settings: Settings, topics: TopicNames) -> None:
    writer = producer(settings, topics)
    assert private_names.missing_names(writer._producer) == []
    writer.close()


def test_a_resumed_partition_is_read_on_while_others_are_idle(settings: Settings, topics: TopicNames) -> None:
    """What was fetched and put aside during the pause must come back."""
    writer = producer(settings, topics)
    for partition in (0, 1):
        sent = [OutgoingRecord(topics.narrations, partition, b"k", b"%d" % i) for i in range(12)]
        writer.transact(sent, 25)
    writer.close()
    connection = connection_kwargs(settings.kafka)
    with PartitionConsumer(connection, client_id="test", read_committed=True) as consumer:
        assert private_names.missing_consumer_names(consumer._consumer) == []
        for partition in (0, 1):
            consumer.assign(topics.narrations, partition, 0)
        read: list[int] = []
        while not read:
            read += [r.partition for r in consumer.poll(1.0, max_records=3)]
        paused, other = read[0], 1 - read[0]
        consumer.pause(topics.narrations, paused)
        while read.count(other) < 12:
            read += [r.partition for r in consumer.poll(1.0, max_records=3)]
        consumer.resume(topics.narrations, paused)
        deadline = time.monotonic() + 10
        while read.count(paused) < 12 and time.monotonic() < deadline:
            read += [r.partition for r in consumer.poll(0.5, max_records=3)]
        assert read.count(paused) == 12


def test_a_position_outside_of_the_log_is_an_error_with_its_bounds(
    settings: Settings, topics: TopicNames
) -> None:
    writer = producer(settings, topics)
    writer.transact([record(topics.narrations, b"a")], 25)
    writer.close()
    connection = connection_kwargs(settings.kafka)
    with PartitionConsumer(connection, client_id="test", read_committed=True) as consumer:
        consumer.assign(topics.narrations, 0, 500)
        with pytest.raises(OffsetOutOfRangeError) as caught:
            consumer.read_to(topics.narrations, 0, 501, time.monotonic() + 10)
        assert (caught.value.offset, caught.value.beginning, caught.value.end) == (500, 0, 2)
        consumer.assign(topics.narrations, 0, 0)
        assert [r.value for r in consumer.read_to(topics.narrations, 0, 2, time.monotonic() + 10)] == [b"a"]


def test_partitions_are_assigned_and_unassigned_one_by_one(settings: Settings, topics: TopicNames) -> None:
    connection = connection_kwargs(settings.kafka)
    sender = IdempotentProducer(connection, client_id="test", max_record_bytes=MIB)
    for partition in (0, 1):
        for n in range(3):
            sender.send(OutgoingRecord(topics.frames, partition, b"k", b"%d" % n))
    sender.flush(10)
    with PartitionConsumer(connection, client_id="test", read_committed=False) as consumer:
        consumer.assign(topics.frames, 0, 1)
        first = consumer.read_to(topics.frames, 0, 3, time.monotonic() + 10)
        consumer.assign(topics.frames, 1, 2)
        second = consumer.read_to(topics.frames, 1, 3, time.monotonic() + 10)
        consumer.unassign(topics.frames, 1)
        sender.send(OutgoingRecord(topics.frames, 1, b"k", b"unseen"))
        sender.send(OutgoingRecord(topics.frames, 0, b"k", b"seen"))
        sender.flush(10)
        third = consumer.read_to(topics.frames, 0, 4, time.monotonic() + 10)
        assert consumer.poll(0.5) == []
        consumer.unassign(topics.frames, 0)
        assert consumer.poll(0.1) == []
        consumer.assign(topics.frames, 1, 3)
        consumer.pause(topics.frames, 1)
        assert consumer.poll(0.5) == []
        consumer.resume(topics.frames, 1)
        fourth = consumer.read_to(topics.frames, 1, 4, time.monotonic() + 10)
    sender.close()
    found = [[record.value for record in part] for part in (first, second, third, fourth)]
    assert found == [[b"1", b"2"], [b"2"], [b"seen"], [b"unseen"]]


def test_the_idempotent_producer_reports_every_record_in_order(
    settings: Settings, topics: TopicNames
) -> None:
    sender = IdempotentProducer(
        connection_kwargs(settings.kafka), client_id="test", max_record_bytes=MIB, max_in_flight_bytes=200_000
    )
    done: list[Delivery] = []
    for n in range(200):
        sender.send(OutgoingRecord(topics.frames, 0, b"k", b"%d" % n + b"x" * 20_000), done.append)
        assert sender.num_in_flight * 20_000 < MIB + 200_000
    sender.flush(20)
    assert [delivery.offset for delivery in done] == list(range(200))
    assert all(delivery.error is None for delivery in done)
    with pytest.raises(WireError):
        sender.send(OutgoingRecord(topics.frames, 0, b"k", b"x" * MIB))
    with pytest.raises(BrokerError):
        sender.send(OutgoingRecord(topics.frames, 99, b"k", b"x"))
    sender.flush(1)
    sender.close()


def test_group_offsets_are_shown(settings: Settings, topics: TopicNames) -> None:
    group = settings.kafka.namespace
    reporter = GroupOffsetReporter(
        connection_kwargs(settings.kafka), group=group, topic=topics.frames, interval_s=0.1
    )
    reporter.report(0, 5)
    reporter.report(1, 7)
    reporter.close()
    with KafkaAdmin(settings.kafka) as admin:
        assert admin.group_offsets(group, topics.frames) == {0: 5, 1: 7}


def test_a_broker_that_is_away_is_noticed_and_its_return_too(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "ANSWER_DEADLINE_S", 0.5)
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.1)
    looking = watch.BrokerWatch(settings.kafka)
    try:
        with frozen_broker(settings):
            wait_until(lambda: looking.dependency().state == "down", "the broker to be down")
            time_s = looking.dependency().since_s
            wait_until(lambda: looking.dependency().since_s > time_s + 1.5, "another look")
        wait_until(lambda: looking.dependency().state == "up", "the broker to be up")
    finally:
        looking.close()
    told = [record.message for record in caplog.records if record.name == watch.__name__]
    assert len(told) == 2
    assert "is down" in told[0]
    assert "works again" in told[1]
