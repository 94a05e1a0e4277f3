"""What a transaction's failures are called, and what is left after them; no broker."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import (
    InvalidProducerEpochError,
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    ProducerFencedError,
)

from pipeline.errors import (
    BrokerError,
    FencedError,
    NotCommittedError,
    OutcomeUnknownError,
    OwnershipError,
    WireError,
)
from pipeline.kafka_io import private_names, producer
from pipeline.kafka_io.producer import TransactionalProducer
from pipeline.kafka_io.records import OutgoingRecord

RECORDS = [OutgoingRecord("out", 0, b"k", b"%d" % n) for n in range(3)]


class FakeKafka:
    """A KafkaProducer whose calls are written down and may fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.settings: dict[str, Any] = {}
        self.fail: dict[str, Exception | None] = {}
        self.answers_end = True
        self.last_error: Exception | None = None
        monkeypatch.setattr(producer, "KafkaProducer", self._construct)
        monkeypatch.setattr(private_names, "end_transaction", self._end_transaction)
        monkeypatch.setattr(private_names, "force_close", self._force_close)
        monkeypatch.setattr(private_names, "last_error", lambda _: self.last_error)
        monkeypatch.setattr(private_names, "keep_requests_of_transactions", lambda _: None)

    def _construct(self, **settings: Any) -> FakeKafka:
        self.settings = settings
        return self

    def _call(self, name: str) -> None:
        self.calls.append(name)
        if (error := self.fail.get(name)) is not None:
            raise error

    def init_transactions(self) -> None:
        self._call("init")

    def begin_transaction(self) -> None:
        self._call("begin")

    def send(self, topic: str, **fields: Any) -> SimpleNamespace:
        self._call("send")
        number = self.calls.count("send") - 1

        def get(timeout: float) -> SimpleNamespace:
            assert 0 <= timeout <= 25
            self._call(f"get {number}")
            return SimpleNamespace(offset=100 + number)

        return SimpleNamespace(get=get)

    def _end_transaction(self, _: object, *, commit: bool, timeout_s: float) -> bool:
        assert timeout_s <= 25
        self._call("commit" if commit else "abort")
        return self.answers_end

    def _force_close(self, _: object, timeout_s: float) -> bool:
        self._call("close")
        return True


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> FakeKafka:
    return FakeKafka(monkeypatch)


def new_producer() -> TransactionalProducer:
    return TransactionalProducer({}, transactional_id="t", max_bytes={"out": 1000})


def test_a_transaction_in_order(kafka: FakeKafka) -> None:
    assert new_producer().transact(RECORDS, 25) == (100, 101, 102)
    assert kafka.calls == ["init", "begin", "send", "send", "send", "get 0", "get 1", "get 2", "commit"]


def test_the_settings_that_keep_commits_honest(kafka: FakeKafka) -> None:
    new_producer()
    assert kafka.settings["api_version"] == (2, 4)
    assert kafka.settings["transactional_id"] == "t"
    assert kafka.settings["transaction_timeout_ms"] == 30_000
    assert kafka.settings["delivery_timeout_ms"] == 20_000


@pytest.mark.parametrize(
    ("step", "error", "kind", "aborts"),
    [
        ("begin", KafkaError("in an error state"), NotCommittedError, True),
        ("send", KafkaTimeoutError("no metadata"), NotCommittedError, True),
        ("send", ValueError("no such partition"), NotCommittedError, True),
        ("get 1", KafkaTimeoutError("the batch expired"), NotCommittedError, True),
        ("get 2", KafkaConnectionError("cut"), NotCommittedError, True),
        ("get 0", ProducerFencedError(), FencedError, False),
        ("get 0", InvalidProducerEpochError(), FencedError, False),
    ],
)
def test_what_fails_before_the_commit_is_not_committed(
    kafka: FakeKafka, step: str, error: Exception, kind: type[OwnershipError], aborts: bool
) -> None:
    writer = new_producer()
    kafka.fail[step] = error
    with pytest.raises(kind):
        writer.transact(RECORDS, 25)
    assert "commit" not in kafka.calls
    assert ("abort" in kafka.calls) == aborts
    assert kafka.calls[-1] == "close"


def test_a_plain_error_after_fencing_is_fencing(kafka: FakeKafka) -> None:
    """kafka-python raises a plain KafkaError once it is in its fatal state."""
    writer = new_producer()
    kafka.fail["begin"] = KafkaError("in an error state")
    kafka.last_error = ProducerFencedError()
    with pytest.raises(FencedError):
        writer.transact(RECORDS, 25)


def test_an_abort_that_fails_hides_nothing(kafka: FakeKafka) -> None:
    writer = new_producer()
    kafka.fail = {"get 0": KafkaTimeoutError("expired"), "abort": KafkaError("no")}
    with pytest.raises(NotCommittedError, match="expired"):
        writer.transact(RECORDS, 25)


@pytest.mark.parametrize("error", [ProducerFencedError(), KafkaError("unhandled"), None])
def test_what_fails_in_the_commit_is_unknown(kafka: FakeKafka, error: Exception | None) -> None:
    writer = new_producer()
    kafka.fail["commit"] = error
    kafka.answers_end = False
    with pytest.raises(OutcomeUnknownError):
        writer.transact(RECORDS, 25)
    assert "abort" not in kafka.calls
    assert kafka.calls[-1] == "close"


def test_a_dead_producer_stays_dead(kafka: FakeKafka) -> None:
    writer = new_producer()
    writer.close()
    kafka.calls.clear()
    with pytest.raises(NotCommittedError):
        writer.transact(RECORDS, 25)
    assert kafka.calls == []


def test_a_record_that_is_too_large_harms_nothing(kafka: FakeKafka) -> None:
    writer = new_producer()
    kafka.calls.clear()
    with pytest.raises(WireError):
        writer.transact([*RECORDS, OutgoingRecord("out", 0, b"k", b"x" * 1000)], 25)
    assert kafka.calls == []
    writer.transact(RECORDS, 25)


@pytest.mark.parametrize(
    ("error", "kind"),
    [(ProducerFencedError(), FencedError), (KafkaTimeoutError("no coordinator"), BrokerError)],
)
def test_a_start_that_fails_leaves_nothing_running(
    kafka: FakeKafka, error: Exception, kind: type[Exception]
) -> None:
    kafka.fail["init"] = error
    with pytest.raises(kind):
        new_producer()
    assert kafka.calls == ["init", "close"]


def test_every_error_says_what_to_do(kafka: FakeKafka) -> None:
    outcomes: list[Callable[[], object]] = [lambda: new_producer().transact(RECORDS, 25)]
    kafka.fail["commit"] = KafkaError("x")
    for outcome in outcomes:
        with pytest.raises(OwnershipError) as caught:
            outcome()
        assert "take the partition over" in caught.value.action
