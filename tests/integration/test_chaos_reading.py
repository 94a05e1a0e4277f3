"""What the chaos reads from a real Kafka, and that it copies frames as they landed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from kafka import KafkaProducer

from pipeline.config import Settings
from pipeline.errors import BrokerError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.wire.topics import TopicNames
from tests.support.camera import camera, publish
from topologies.chaos.calm import copy_frames
from topologies.chaos.checker.reader import ReadTimeoutError, TopicReader, read_topic
from topologies.chaos.checker.records import LogRecord
from topologies.chaos.follow import Follower

DEADLINE_S = 30.0


def frames_of(settings: Settings) -> list[LogRecord]:
    topic = TopicNames.of(settings.kafka.prefix).frames
    return read_topic(settings.kafka.bootstrap_servers, topic, DEADLINE_S)


def comparable(records: list[LogRecord]) -> list[LogRecord]:
    return [replace(r, timestamp_ms=0) for r in sorted(records, key=lambda r: (r.partition, r.offset))]


def test_frames_are_copied_as_they_landed(new_settings: Callable[..., Settings]) -> None:
    settings, other = new_settings(partitions=4), new_settings(partitions=4)
    for stream in ("chaos/1", "chaos/2", "chaos/3"):
        publish(settings, camera(settings, stream, 200_500, 4).records)
    frames = frames_of(settings)
    assert len(frames) == 15
    copy_frames(frames, other)
    assert comparable(frames_of(other)) == comparable(frames)
    with pytest.raises(BrokerError, match="could not be copied"):
        copy_frames(frames, other)


def test_only_committed_records_are_read(new_settings: Callable[..., Settings]) -> None:
    settings = new_settings(partitions=2)
    topic = TopicNames.of(settings.kafka.prefix).narrations
    producer = KafkaProducer(
        **connection_kwargs(settings.kafka), transactional_id=f"{topic}test", api_version=(2, 4), acks="all"
    )
    producer.init_transactions()
    for number, commits in enumerate((True, False, True)):
        producer.begin_transaction()
        for partition in (0, 1):
            producer.send(topic, str(number).encode(), b"a", partition=partition).get(DEADLINE_S)
        producer.commit_transaction() if commits else producer.abort_transaction()
    producer.close()
    with TopicReader(settings.kafka.bootstrap_servers, topic) as reader:
        values = sorted((r.partition, r.value) for r in reader.read_to_end(DEADLINE_S))
        assert values == [(0, b"0"), (0, b"2"), (1, b"0"), (1, b"2")]
        assert reader.read_to_end(DEADLINE_S) == []


def test_a_topic_that_is_not_there_is_not_read(new_settings: Callable[..., Settings]) -> None:
    with pytest.raises(ReadTimeoutError, match="nowhere"):
        read_topic(new_settings().kafka.bootstrap_servers, "nowhere", 1.0)


def test_a_follower_has_all_in_the_end(new_settings: Callable[..., Settings]) -> None:
    settings = new_settings(partitions=2)
    seen: list[LogRecord] = []
    topic = TopicNames.of(settings.kafka.prefix).frames
    with Follower(settings.kafka.bootstrap_servers, topic, seen.append) as follower:
        publish(settings, camera(settings, "chaos/1", 200_500, 6).records)
        follower.finish()
    assert [record.offset for record in seen] == list(range(7))
