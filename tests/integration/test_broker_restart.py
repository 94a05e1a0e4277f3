"""Transactions through the death of the broker, which comes back with its data."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config import Settings
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.producer import TransactionalProducer
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.services.local import service_states, start_services, stop_services
from pipeline.wire.topics import TopicNames, topic_specs

NUM_PRODUCERS = 6
DEADLINE_S = 60.0
"""For one commit; the sends in it have less, the 20 s of the producer's settings."""


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    own = Settings(state_dir=tmp_path / "state")
    (kafka,) = start_services(own, ("kafka",))
    port = int(kafka.address.rpartition(":")[2])
    yield Settings.model_validate(
        {
            **own.model_dump(),
            "services": {**own.services.model_dump(), "kafka_port": port},
            "kafka": {"bootstrap_servers": kafka.address, "partitions": NUM_PRODUCERS},
        }
    )
    stop_services(own)


def test_transactions_that_were_under_way_go_on_when_the_broker_is_back(settings: Settings) -> None:
    topics = TopicNames.of(settings.kafka.prefix)
    with KafkaAdmin(settings.kafka) as admin:
        admin.create_topics(topic_specs(settings.kafka, settings.frames), 1)
    is_over = threading.Event()
    failures: list[Exception] = []
    num_commits = [0] * NUM_PRODUCERS

    def work(partition: int) -> None:
        producer = TransactionalProducer(
            connection_kwargs(settings.kafka),
            transactional_id=f"restart.{partition}",
            max_bytes={topics.narrations: 2**20, topics.checkpoints: 2**20},
        )
        both = [
            OutgoingRecord(topic, partition, b"k", b"v", ())
            for topic in (topics.narrations, topics.checkpoints)
        ]
        try:
            # Idle most of the time, as narrators are: the next transaction finds nobody.
            while not is_over.wait(0.3):
                producer.transact(both, DEADLINE_S)
                num_commits[partition] += 1
        except Exception as error:
            failures.append(error)
        finally:
            producer.close()

    threads = [threading.Thread(target=work, args=(partition,)) for partition in range(NUM_PRODUCERS)]
    for thread in threads:
        thread.start()
    try:
        while min(num_commits) < 5 and not failures:
            time.sleep(0.05)
        pid = service_states(settings, ("kafka",))[0].pid
        assert pid
        os.kill(pid, signal.SIGKILL)
        start_services(settings, ("kafka",))
        before = list(num_commits)
        while not failures and any(now < then + 2 for now, then in zip(num_commits, before, strict=True)):
            time.sleep(0.05)
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert failures == []
