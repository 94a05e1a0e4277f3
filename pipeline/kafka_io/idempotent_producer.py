"""The producer of publishers: idempotent, bounded in flight, every call with a deadline."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from pipeline.errors import BrokerError, KafkaUnavailableError
from pipeline.kafka_io.client_settings import PRODUCER_SETTINGS
from pipeline.kafka_io.private_names import force_close
from pipeline.kafka_io.records import Delivery, OutgoingRecord

_log = logging.getLogger(__name__)

_FLUSH_ATTEMPT_S = 1.0
"""flush() of kafka-python is repeated in steps of this length, so that an interrupt is noticed."""


DELIVERY_TIMEOUT_MS = 3_600_000
"""For so long a record waits for a broker that is away: frames are kept for an hour, too. Until then the
producer keeps it and its place; how much may wait is bounded."""


class IdempotentProducer:
    """Sends records in order per partition, without duplicates from retries.

    kafka-python's own `send` never blocks for memory; here `send` waits while `max_in_flight_bytes` are
    unacknowledged, which is what carries backpressure to a camera. Thread-safe.

    Args:
        connection: Keyword arguments of every client (`pipeline.kafka_io.clients`).
        client_id: Name in the broker's logs.
        max_record_bytes: Largest record that the topic takes; larger ones are refused before they are sent.
        max_in_flight_bytes: Bytes that may wait for their acknowledgement.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        *,
        client_id: str,
        max_record_bytes: int,
        max_in_flight_bytes: int = 32 * 2**20,
    ) -> None:
        self._max_record_bytes = max_record_bytes
        self._max_in_flight_bytes = max(max_in_flight_bytes, max_record_bytes)
        self._in_flight_bytes = 0
        self._num_in_flight = 0
        self._room = threading.Condition()
        self._producer: Any = KafkaProducer(  # type: ignore[no-untyped-call]
            **{
                **connection,
                **PRODUCER_SETTINGS,
                "delivery_timeout_ms": DELIVERY_TIMEOUT_MS,
                "client_id": client_id,
                "enable_idempotence": True,
                "acks": "all",
                "max_request_size": max_record_bytes,
            }
        )

    @property
    def num_in_flight(self) -> int:
        """Number of records sent and not yet acknowledged or failed."""
        return self._num_in_flight

    def send(
        self,
        record: OutgoingRecord,
        on_done: Callable[[Delivery], None] | None = None,
        *,
        timeout_s: float = 30.0,
    ) -> None:
        """Hand one record over; return as soon as there is room for it.

        Args:
            record: The record; its size is checked before anything else.
            on_done: Called once with the outcome, from the producer's network thread: it must be quick and
                must not call this producer.
            timeout_s: How long to wait for room.

        Raises:
            WireError: The record is larger than the topic takes (code `record-too-large`); nothing was sent.
            KafkaUnavailableError: No room or no topic metadata in time; nothing was sent.
            BrokerError: The producer has failed for good.
        """
        record.check_size(self._max_record_bytes)
        size_bytes = record.size_bytes
        self._acquire(size_bytes, record.topic, timeout_s)
        try:
            future = self._producer.send(
                record.topic,
                value=record.value,
                key=record.key,
                headers=list(record.headers),
                partition=record.partition,
            )
        except (KafkaError, ValueError) as error:
            self._release(size_bytes)
            kind = KafkaUnavailableError if isinstance(error, KafkaTimeoutError) else BrokerError
            raise kind(
                f"Topic {record.topic}: can't send: {error}",
                action="Check that the broker runs and that the topic exists: `flownar doctor`.",
            ) from error

        def finish(offset: int | None, error: Exception | None) -> None:
            # Callbacks come before room is given back, so that flush() also waits for them.
            try:
                if on_done is not None:
                    on_done(Delivery(record, offset, error))
            except Exception:
                _log.exception("%s: the callback of a send failed", record.topic)
            finally:
                self._release(size_bytes)

        future.add_callback(lambda metadata: finish(metadata.offset, None))
        future.add_errback(lambda error: finish(None, error))

    def flush(self, timeout_s: float) -> None:
        """Wait until every record has been acknowledged or has failed and its callback has returned.

        Raises:
            BrokerError: Records are still in flight after `timeout_s`.
        """
        deadline = time.monotonic() + timeout_s
        with self._room:
            while self._num_in_flight:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise BrokerError(
                        f"{self._num_in_flight} records are not acknowledged after {timeout_s:g} s.",
                        action="Check the broker: `flownar doctor`.",
                    )
                self._room.wait(min(left_s, _FLUSH_ATTEMPT_S))

    def close(self, timeout_s: float = 5.0) -> None:
        """Flush for at most `timeout_s`, then close; sends still in flight fail and get their callbacks."""
        try:
            self.flush(timeout_s)
        except BrokerError as error:
            _log.warning("closing with records in flight: %s", error)
        force_close(self._producer, timeout_s)

    def _acquire(self, size_bytes: int, topic: str, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        with self._room:
            while self._in_flight_bytes and self._in_flight_bytes + size_bytes > self._max_in_flight_bytes:
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    raise KafkaUnavailableError(
                        f"Topic {topic}: {self._in_flight_bytes} bytes wait for the broker; no room after "
                        f"{timeout_s:g} s.",
                        action="Check the broker: `flownar doctor`.",
                    )
                self._room.wait(min(left_s, _FLUSH_ATTEMPT_S))
            self._in_flight_bytes += size_bytes
            self._num_in_flight += 1

    def _release(self, size_bytes: int) -> None:
        with self._room:
            self._in_flight_bytes -= size_bytes
            self._num_in_flight -= 1
            self._room.notify_all()
