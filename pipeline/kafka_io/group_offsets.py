"""Group offsets, only so that Kafka's own tools show lag: nothing ever reads them to recover."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

from pipeline.kafka_io.client_settings import CONSUMER_SETTINGS

_log = logging.getLogger(__name__)

_TIMEOUT_S = 5.0


class GroupOffsetReporter:
    """Commits positions from a thread of its own, now and then, best effort. Thread-safe.

    Kafka forgets the offsets of a group without members after a week; since all positions are repeated with
    every report, that happens only where nothing moves.

    Args:
        connection: Keyword arguments of every client (`pipeline.kafka_io.clients`).
        group: Consumer group that the positions are shown under.
        topic: Topic of the positions.
        interval_s: Time between two commits.
    """

    def __init__(
        self, connection: Mapping[str, Any], *, group: str, topic: str, interval_s: float = 2.0
    ) -> None:
        self._connection = dict(connection)
        self._group = group
        self._topic = topic
        self._interval_s = interval_s
        self._positions: dict[int, int] = {}
        self._lock = threading.Lock()
        self._has_news = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"group-offsets-{group}", daemon=True)
        self._thread.start()

    def report(self, partition: int, position: int) -> None:
        """Note where a partition stands; returns at once."""
        with self._lock:
            self._positions[partition] = position
        self._has_news.set()

    def forget(self, partition: int) -> None:
        """The partition is somebody else's from now on."""
        with self._lock:
            self._positions.pop(partition, None)

    def close(self, timeout_s: float = 2 * _TIMEOUT_S) -> None:
        """Commit what is new and stop; not waited for longer than `timeout_s`."""
        self._closing.set()
        self._has_news.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        consumer: Any = None
        while not self._closing.is_set() or self._has_news.is_set():
            self._has_news.wait()
            self._has_news.clear()
            with self._lock:
                positions = dict(self._positions)
            try:
                if positions:
                    consumer = consumer or self._connect()
                    self._commit(consumer, positions)
            except KafkaError as error:
                # That the broker is away is told by others; positions are repeated with the next report.
                _log.debug("%s: lag displays lag: %r", self._topic, error)
            self._closing.wait(self._interval_s)
        if consumer is not None:
            consumer.close(autocommit=False, timeout_ms=int(_TIMEOUT_S * 1000))

    def _connect(self) -> Any:
        return KafkaConsumer(  # type: ignore[no-untyped-call]
            **{
                **self._connection,
                **CONSUMER_SETTINGS,
                "client_id": f"{self._group}.lag",
                "group_id": self._group,
            }
        )

    def _commit(self, consumer: Any, positions: Mapping[int, int]) -> None:
        offsets = {
            TopicPartition(self._topic, partition): OffsetAndMetadata(position, "", -1)
            for partition, position in positions.items()
        }
        consumer.commit(offsets, timeout_ms=int(_TIMEOUT_S * 1000))
