"""The private names of kafka-python that deadlines need."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaProducer
from kafka.errors import KafkaConnectionError

from pipeline.kafka_io import private_names
from pipeline.kafka_io.client_settings import PRODUCER_SETTINGS


@pytest.fixture
def producer() -> Iterator[Any]:
    """A transactional producer that never finds a broker."""
    settings = {**PRODUCER_SETTINGS, "bootstrap_servers": "127.0.0.1:1", "transactional_id": "t"}
    producer = KafkaProducer(**settings)
    yield producer
    private_names.force_close(producer, 2)


def test_they_are_there(producer: Any) -> None:
    assert private_names.missing_names(producer) == []


def test_one_that_is_gone_is_told(producer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("kafka.producer.transaction_manager.TransactionManager.begin_commit")
    monkeypatch.delattr(producer, "_sender")
    try:
        assert private_names.missing_names(producer) == ["TransactionManager.begin_commit", "_sender"]
    finally:
        monkeypatch.undo()


def test_a_producer_is_closed_at_once_though_no_broker_answers(producer: Any) -> None:
    started_s = time.monotonic()
    assert private_names.force_close(producer, 5)
    assert time.monotonic() - started_s < 3


def test_there_is_no_error_before_the_first_one(producer: Any) -> None:
    assert private_names.last_error(producer) is None


def test_the_api_version_is_pinned_below_the_automatic_epoch_bump(producer: Any) -> None:
    assert producer.config["api_version"] == (2, 4)
    assert not producer._transaction_manager._supports_epoch_bump()


def test_a_coordinator_that_refuses_is_one_that_is_not_ready(producer: Any) -> None:
    def refused(*args: Any, **kwargs: Any) -> bool:
        raise KafkaConnectionError("refused")

    client = producer._sender._client
    client.await_ready = refused
    private_names.keep_requests_of_transactions(producer)
    assert client.await_ready("coordinator-1", timeout_ms=10) is False
    client.await_ready = lambda *args, **kwargs: True
    private_names.keep_requests_of_transactions(producer)
    assert client.await_ready("coordinator-1", timeout_ms=10) is True
