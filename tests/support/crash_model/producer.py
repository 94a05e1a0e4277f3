"""The model broker's producer: a client with the flaw of the real one, and the writer that mends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, NoReturn

from pipeline.errors import FencedError, NotCommittedError, OutcomeUnknownError
from pipeline.kafka_io.records import OutgoingRecord
from tests.support.commit_model import MAX_BYTES
from tests.support.crash_model.log import ClientFencedError, ClientStateError, Transaction

if TYPE_CHECKING:
    from tests.support.crash_model.broker import ModelBroker


class ClientTimeoutError(Exception):
    """No answer came."""


class ModelProducer:
    """Like kafka-python's: `commit` succeeds although a batch was lost, unless its sends are checked.

    Args:
        broker: The broker.
    """

    def __init__(self, broker: ModelBroker) -> None:
        self._broker = broker
        self._epoch = broker.coordinator.begin_producer()
        self._transaction: Transaction | None = None

    def begin(self) -> None:
        """Begin a transaction; the broker hears of it with the first batch."""
        self._broker.reach("before begin")
        self._transaction = self._broker.coordinator.transaction_of(self._epoch)

    def send(self, batch: Sequence[OutgoingRecord]) -> tuple[int, ...] | Exception:
        """Send records of one topic; returns their offsets, or the error that each of their sends has."""
        transaction, write = self._transaction, partial(self._write, self._transaction, batch)
        assert transaction is not None
        fault = self._broker.reach(f"before sending to {batch[0].topic}", "lost", "late", "unanswered")
        if fault == "late":
            self._broker.network.delay(partial(_ignore_refusal, write))
        elif fault != "lost":
            try:
                offsets = write()
            except (ClientFencedError, ClientStateError) as error:
                return error
            self._broker.reach(f"after sending to {batch[0].topic}")
            if fault is None:
                return offsets
        return ClientTimeoutError("the batch has expired")

    def end(self, *, commit: bool) -> None:
        """Commit or abort."""
        transaction = self._transaction
        assert transaction is not None
        what = "commit" if commit else "abort"
        end = partial(self._broker.coordinator.end, self._epoch, transaction, commit=commit)
        fault = self._broker.reach(f"before {what}", "lost", "late", "unanswered", "fenced", "slow")
        if fault == "late":
            self._broker.network.delay(partial(_ignore_refusal, end))
        elif fault != "lost":
            self._broker.coordinator.is_slow = fault == "slow"
            end()
            self._broker.reach(f"after {what}")
            if fault == "fenced":
                # The client asked again after the answer was lost, and a newer producer was there by then.
                raise ClientFencedError("a newer producer came meanwhile")
            if fault in (None, "slow"):
                return
        raise ClientTimeoutError(f"no answer to the {what}")

    def _write(self, transaction: Transaction | None, batch: Sequence[OutgoingRecord]) -> tuple[int, ...]:
        assert transaction is not None
        if self._broker.coordinator.transaction_of(self._epoch) is not transaction:
            raise ClientStateError("the transaction is over")
        log = self._broker.logs[batch[0].topic]
        return tuple(log.append(transaction, record) for record in batch)


def _ignore_refusal(request: Callable[[], object]) -> None:
    with suppress(ClientFencedError, ClientStateError):
        request()


class ModelWriter:
    """A TransactionWriter on the client: what `pipeline.kafka_io.producer` promises.

    Args:
        broker: The broker.
    """

    def __init__(self, broker: ModelBroker) -> None:
        self._producer = ModelProducer(broker)
        self._is_dead = False

    def transact(self, records: Sequence[OutgoingRecord], timeout_s: float) -> tuple[int, ...]:
        """See TransactionWriter."""
        assert records
        for record in records:
            record.check_size(MAX_BYTES[record.topic])
        if self._is_dead:
            raise NotCommittedError("the writer is dead")
        try:
            self._producer.begin()
            answers = [self._producer.send(tuple(b)) for _, b in groupby(records, lambda r: r.topic)]
            offsets = self.check(answers)
        except (ClientFencedError, ClientStateError, ClientTimeoutError) as error:
            self._fail_before_commit(error)
        try:
            self._producer.end(commit=True)
        except (ClientFencedError, ClientStateError, ClientTimeoutError) as error:
            self.close()
            raise OutcomeUnknownError(f"the commit failed: {error}") from error
        return offsets

    def check(self, answers: Sequence[tuple[int, ...] | Exception]) -> tuple[int, ...]:
        """Every send must have been acknowledged."""
        offsets: list[int] = []
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
            offsets += answer
        return tuple(offsets)

    def close(self) -> None:
        """See TransactionWriter."""
        self._is_dead = True

    def _fail_before_commit(self, error: Exception) -> NoReturn:
        if isinstance(error, ClientFencedError):
            self.close()
            raise FencedError(f"fenced: {error}") from error
        with suppress(ClientFencedError, ClientStateError, ClientTimeoutError):
            self._producer.end(commit=False)
        self.close()
        raise NotCommittedError(f"nothing was committed: {error}") from error
