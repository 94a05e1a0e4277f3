"""The publishers' producer: backpressure, callbacks, deadlines; no broker."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError
from kafka.future import Future

from pipeline.errors import BrokerError, KafkaUnavailableError, WireError
from pipeline.kafka_io import idempotent_producer
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import Delivery, OutgoingRecord

RECORD = OutgoingRecord("frames", None, b"cam", b"x" * 100)


class FakeKafka:
    """A KafkaProducer that acknowledges when it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings: dict[str, Any] = {}
        self.futures: list[Any] = []
        self.error: Exception | None = None
        monkeypatch.setattr(idempotent_producer, "KafkaProducer", self._construct)
        monkeypatch.setattr(idempotent_producer, "force_close", self._force_close)

    def _construct(self, **settings: Any) -> FakeKafka:
        self.settings = settings
        return self

    def send(self, topic: str, **fields: Any) -> Any:
        if self.error is not None:
            raise self.error
        future = Future()
        self.futures.append(future)
        return future

    def acknowledge(self) -> None:
        number = sum(future.is_done for future in self.futures)
        self.futures[number].success(SimpleNamespace(offset=number))

    def _force_close(self, _: object, timeout_s: float) -> bool:
        for future in self.futures:
            if not future.is_done:
                future.failure(KafkaTimeoutError("closed"))
        return True


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> FakeKafka:
    return FakeKafka(monkeypatch)


def new_producer(max_in_flight: int = 10) -> IdempotentProducer:
    return IdempotentProducer(
        {},
        client_id="test",
        max_record_bytes=1000,
        max_in_flight_bytes=max_in_flight * RECORD.size_bytes,
    )


def test_it_is_idempotent_and_waits_for_all_replicas(kafka: FakeKafka) -> None:
    new_producer()
    assert (kafka.settings["enable_idempotence"], kafka.settings["acks"]) == (True, "all")


def test_a_record_waits_for_a_broker_that_is_away_for_minutes(kafka: FakeKafka) -> None:
    new_producer()
    assert kafka.settings["delivery_timeout_ms"] > 600_000


def test_every_record_gets_its_outcome(kafka: FakeKafka) -> None:
    sender = new_producer()
    done: list[Delivery] = []
    sender.send(RECORD, done.append)
    sender.send(RECORD, done.append)
    assert sender.num_in_flight == 2
    kafka.acknowledge()
    error = KafkaTimeoutError("expired")
    kafka.futures[1].failure(error)
    assert done == [Delivery(RECORD, 0, None), Delivery(RECORD, None, error)]
    assert sender.num_in_flight == 0
    sender.flush(0)


def test_send_waits_for_room(kafka: FakeKafka) -> None:
    sender = new_producer(max_in_flight=10)
    for _ in range(10):
        sender.send(RECORD)
    with pytest.raises(KafkaUnavailableError, match="no room"):
        sender.send(RECORD, timeout_s=0.05)
    assert len(kafka.futures) == 10
    timer = threading.Timer(0.1, kafka.acknowledge)
    timer.start()
    started_s = time.monotonic()
    sender.send(RECORD, timeout_s=5)
    assert 0.05 < time.monotonic() - started_s < 3


def test_a_single_record_always_has_room(kafka: FakeKafka) -> None:
    sender = IdempotentProducer({}, client_id="t", max_record_bytes=1000, max_in_flight_bytes=1)
    sender.send(RECORD, timeout_s=0)


def test_a_callback_that_fails_costs_nothing(kafka: FakeKafka) -> None:
    sender = new_producer()
    sender.send(RECORD, lambda delivery: 1 / 0)
    kafka.acknowledge()
    sender.flush(0)


def test_a_send_that_fails_gives_its_room_back(kafka: FakeKafka) -> None:
    sender = new_producer()
    kafka.error = KafkaTimeoutError("no metadata")
    with pytest.raises(KafkaUnavailableError, match="Topic frames"):
        sender.send(RECORD)
    assert sender.num_in_flight == 0
    with pytest.raises(WireError):
        sender.send(OutgoingRecord("frames", 0, b"k", b"x" * 1000))
    assert sender.num_in_flight == 0


def test_flush_ends_at_its_deadline(kafka: FakeKafka) -> None:
    sender = new_producer()
    sender.send(RECORD)
    with pytest.raises(BrokerError, match="1 records are not acknowledged"):
        sender.flush(0.05)


def test_close_fails_what_is_in_flight(kafka: FakeKafka) -> None:
    sender = new_producer()
    done: list[Delivery] = []
    sender.send(RECORD, done.append)
    sender.close(timeout_s=0.05)
    assert [delivery.offset for delivery in done] == [None]
