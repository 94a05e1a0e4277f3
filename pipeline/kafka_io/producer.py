"""One transaction after the other, each with a deadline and with a known or an honestly unknown outcome."""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from kafka import KafkaProducer
from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError

from pipeline.errors import BrokerError, FencedError, NotCommittedError, OutcomeUnknownError
from pipeline.kafka_io import private_names
from pipeline.kafka_io.client_settings import PRODUCER_SETTINGS
from pipeline.kafka_io.records import OutgoingRecord

_log = logging.getLogger(__name__)

_ABORT_DEADLINE_S = 2.0
"""An abort only shortens the time for which readers wait; the next owner aborts what is left open."""

_BATCH_BYTES = 512 * 1024
"""Small enough for every topic, large enough that one burst is one request per topic."""

_FENCED = (ProducerFencedError, InvalidProducerEpochError)
_DISCARD = "Discard this producer and take the partition over again with a new generation."


class TransactionalProducer:
    """The only writer of one partition's outputs. Not thread-safe: one thread uses it.

    Construction fences every older producer with the same transactional id, aborts what it left open, and
    waits until that is written. After any error the producer is dead: it is closed by force, and every later
    call raises NotCommittedError.

    Args:
        connection: Keyword arguments of every client (`pipeline.kafka_io.clients`).
        transactional_id: Id that fences: the same for all owners of a partition.
        max_bytes: Largest record of each topic that is written.
        transaction_timeout_ms: After this the broker aborts an open transaction by itself.

    Raises:
        BrokerError: The broker did not answer in time (10 s).
        FencedError: A newer producer appeared meanwhile.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        *,
        transactional_id: str,
        max_bytes: Mapping[str, int],
        transaction_timeout_ms: int = 30_000,
    ) -> None:
        self._transactional_id = transactional_id
        self._max_bytes = dict(max_bytes)
        self._dead = False
        self._producer: Any = KafkaProducer(  # type: ignore[no-untyped-call]
            **{
                **connection,
                **PRODUCER_SETTINGS,
                "client_id": transactional_id,
                "transactional_id": transactional_id,
                "transaction_timeout_ms": transaction_timeout_ms,
                "compression_type": "zstd",
                "batch_size": _BATCH_BYTES,
                "max_request_size": max(self._max_bytes.values()),
            }
        )
        private_names.keep_requests_of_transactions(self._producer)
        try:
            self._producer.init_transactions()  # type: ignore[no-untyped-call]
        except KafkaError as error:
            self._die()
            if isinstance(error, _FENCED):
                raise FencedError(
                    f"{transactional_id}: fenced while starting: {error!r}.", action=_DISCARD
                ) from error
            raise BrokerError(
                f"{transactional_id}: can't start transactions: {error!r}.",
                action="Check the broker and its transaction log: `flownar doctor`.",
            ) from error

    def transact(self, records: Sequence[OutgoingRecord], timeout_s: float) -> tuple[int, ...]:
        """Write all records or none: begin, send, wait for every acknowledgement, commit.

        kafka-python's commit can report success although a batch had expired; so each send is checked first.

        Args:
            records: At least one record, each with an explicit partition.
            timeout_s: Deadline for all of it.

        Returns:
            Offset of each record.

        Raises:
            WireError: A record is too large (code `record-too-large`); nothing was begun, the producer lives.
            NotCommittedError: It failed before the commit was asked for: nothing of it is or will be visible.
            FencedError: The same, because a newer producer took over.
            OutcomeUnknownError: The commit was asked for and its answer is missing or an error.
        """
        for record in records:
            record.check_size(self._max_bytes[record.topic])
        if self._dead:
            raise NotCommittedError(f"{self._transactional_id}: the producer is dead.", action=_DISCARD)
        deadline = time.monotonic() + timeout_s
        try:
            self._producer.begin_transaction()
            futures = [self._send(record) for record in records]
            offsets = tuple(f.get(timeout=max(deadline - time.monotonic(), 0.0)).offset for f in futures)
        except (KafkaError, ValueError) as error:
            self._fail_before_commit(error)
        try:
            answered = private_names.end_transaction(
                self._producer, commit=True, timeout_s=deadline - time.monotonic()
            )
        except KafkaError as error:
            self._die()
            raise self._unknown(f"the commit failed: {error!r}") from error
        if not answered:
            self._die()
            raise self._unknown(f"the commit was not answered within {timeout_s:g} s")
        return offsets

    def close(self, timeout_s: float = 2.0) -> None:
        """Stop at once; an open transaction is left to the next owner or to the broker's timeout."""
        self._dead = True
        if not private_names.force_close(self._producer, timeout_s):
            _log.warning("%s: the producer's thread still runs after %g s", self._transactional_id, timeout_s)

    def _send(self, record: OutgoingRecord) -> Any:
        return self._producer.send(
            record.topic,
            value=record.value,
            key=record.key,
            headers=list(record.headers),
            partition=record.partition,
        )

    def _fail_before_commit(self, error: Exception) -> NoReturn:
        cause = private_names.last_error(self._producer) or error
        fenced = isinstance(error, _FENCED) or isinstance(cause, _FENCED)
        if not fenced:
            try:
                private_names.end_transaction(self._producer, commit=False, timeout_s=_ABORT_DEADLINE_S)
            except KafkaError as abort_error:
                _log.debug("%s: the abort failed: %r", self._transactional_id, abort_error)
        self._die()
        kind = FencedError if fenced else NotCommittedError
        raise kind(f"{self._transactional_id}: nothing was committed: {error!r}.", action=_DISCARD) from error

    def _unknown(self, reason: str) -> OutcomeUnknownError:
        return OutcomeUnknownError(f"{self._transactional_id}: {reason}.", action=_DISCARD)

    def _die(self) -> None:
        self.close(timeout_s=1.0)
