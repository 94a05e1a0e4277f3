"""Where the cameras' records go: one idempotent producer, replaced when the broker was away too long."""

import logging
import threading
import time
from collections.abc import Callable

from pipeline.config import Settings
from pipeline.errors import BrokerError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import Delivery, OutgoingRecord

_log = logging.getLogger(__name__)

OPEN_DEADLINE_S = 120.0
"""A broker that is away for so long does not come back."""

RETRY_S = 0.5
CLOSE_S = 1.0


class FrameSender:
    """Sends records; any number of threads may use it.

    A record that the broker did not take in time is lost, as on a camera's network. The producer is of no use
    after that, because its numbering has a hole.

    Args:
        settings: Which Kafka, and how large records may be.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._producer = self._open()
        self._broken: IdempotentProducer | None = None

    def send(self, record: OutgoingRecord, on_lost: Callable[[], None]) -> None:
        """Hand one record over; `on_lost` is called, perhaps from another thread, if it is lost."""
        with self._lock:
            producer = self._producer

        def lose(error: Exception) -> None:
            _log.info("a record for %s was lost: %r", record.topic, error)
            self._broken = producer
            on_lost()

        def on_done(delivery: Delivery) -> None:
            if delivery.error is not None:
                lose(delivery.error)

        try:
            producer.send(record, on_done)
        except BrokerError as error:
            lose(error)

    def renew(self) -> None:
        """Replace the producer if it lost a record."""
        with self._lock:
            if self._producer is self._broken:
                self._producer.close(CLOSE_S)
                self._producer = self._open()

    def flush(self, timeout_s: float) -> bool:
        """Wait until the outcome of every record is known; say whether it is."""
        try:
            self._producer.flush(timeout_s)
        except BrokerError as error:
            _log.info("%s", error.message)
            return False
        return True

    def close(self) -> None:
        """Send what is there, and close."""
        self._producer.close()

    def _open(self) -> IdempotentProducer:
        deadline = time.monotonic() + OPEN_DEADLINE_S
        while True:
            try:
                return IdempotentProducer(
                    connection_kwargs(self._settings.kafka),
                    client_id="flownar-chaos-cameras",
                    max_record_bytes=self._settings.frames.max_record_bytes,
                )
            except Exception as error:
                if time.monotonic() > deadline:
                    raise BrokerError("Kafka has not come back.", action="See its log.") from error
                time.sleep(RETRY_S)
