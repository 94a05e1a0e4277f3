"""From Kafka to records: a reader as any service would write one, with `read_committed`.

with TopicReader("127.0.0.1:9092", "flownar.narrations") as reader:
    while running: records += reader.poll(1.0)
"""

import time
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from topologies.chaos.checker.records import LogRecord

REQUEST_TIMEOUT_MS = 10_000
POLL_S = 0.5

FETCH_BYTES = 8 * 2**20
"""A dead letter may be as large."""


class ReadTimeoutError(Exception):
    """A topic could not be read to its end in time."""


class TopicReader:
    """Reads all partitions of a topic from their beginning; outlives whatever happens to the broker.

    Args:
        bootstrap: Addresses of brokers, comma-separated.
        topic: Name of the topic.
    """

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._consumer: Any = None
        self._next: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def poll(self, timeout_s: float) -> list[LogRecord]:
        """Records that are there, in order within each partition; none while the broker is away."""
        try:
            consumer = self._connected()
            batches = consumer.poll(timeout_ms=int(timeout_s * 1000))
        except KafkaError:
            self.close()
            time.sleep(timeout_s)
            return []
        records = [_record(record) for batch in batches.values() for record in batch]
        for record in records:
            self._next[record.partition] = record.offset + 1
        return records

    def read_to_end(self, deadline_s: float) -> list[LogRecord]:
        """Everything up to the end as it is now.

        Raises:
            ReadTimeoutError: That takes longer than `deadline_s`.
        """
        deadline = time.monotonic() + deadline_s
        records: list[LogRecord] = []
        while time.monotonic() < deadline:
            records += self.poll(POLL_S)
            if self._has_read_all():
                return records
        raise ReadTimeoutError(f"{self._topic} could not be read to its end within {deadline_s:g} s.")

    def close(self) -> None:
        """Close the connection; the next poll opens another and goes on where this one was."""
        if self._consumer is not None:
            self._consumer.close(autocommit=False, timeout_ms=REQUEST_TIMEOUT_MS)
            self._consumer = None

    def _connected(self) -> Any:
        if self._consumer is not None:
            return self._consumer
        consumer: Any = KafkaConsumer(  # type: ignore[no-untyped-call]
            bootstrap_servers=self._bootstrap.split(","),
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            bootstrap_timeout_ms=REQUEST_TIMEOUT_MS,
            reconnect_backoff_max_ms=500,
            max_partition_fetch_bytes=FETCH_BYTES,
            allow_auto_create_topics=False,
        )
        self._consumer = consumer
        numbers = consumer.partitions_for_topic(self._topic) or ()
        if not numbers:
            self.close()
            raise KafkaError(f"{self._topic} is not known (yet)")
        consumer.assign([TopicPartition(self._topic, number) for number in sorted(numbers)])
        for number, offset in self._next.items():
            consumer.seek(TopicPartition(self._topic, number), offset)
        return consumer

    def _has_read_all(self) -> bool:
        if self._consumer is None:
            return False
        try:
            assigned = sorted(self._consumer.assignment())
            ends = self._consumer.end_offsets(assigned, timeout_ms=REQUEST_TIMEOUT_MS)
            # Positions pass over the markers of transactions; offsets of records do not.
            at = {tp: self._consumer.position(tp, timeout_ms=REQUEST_TIMEOUT_MS) for tp in assigned}
        except KafkaError:
            return False
        return all(at[tp] is not None and at[tp] >= ends[tp] for tp in assigned)


def read_topic(bootstrap: str, topic: str, deadline_s: float) -> list[LogRecord]:
    """All committed records of a topic.

    Raises:
        ReadTimeoutError: That takes longer than `deadline_s`.
    """
    with TopicReader(bootstrap, topic) as reader:
        return reader.read_to_end(deadline_s)


def _record(record: Any) -> LogRecord:
    headers = tuple((str(name), value or b"") for name, value in record.headers or ())
    return LogRecord(record.partition, record.offset, record.timestamp, record.key, record.value, headers)
