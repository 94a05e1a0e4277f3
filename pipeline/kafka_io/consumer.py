"""Reading assigned partitions from explicit positions: no groups, no resets, deadlines everywhere."""

import time
from collections.abc import Collection, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, LogTruncationError
from kafka.errors import OffsetOutOfRangeError as KafkaOffsetOutOfRangeError

from pipeline.errors import BrokerError, OffsetOutOfRangeError
from pipeline.kafka_io.client_settings import CONSUMER_SETTINGS
from pipeline.kafka_io.private_names import clear_used_up_batch
from pipeline.kafka_io.records import Headers, OffsetBounds, Record

_CHECK_BROKER = "Check that the broker runs and that the topic exists: `flownar doctor`."


class PartitionConsumer:
    """Reads the partitions that it is told to, from the offsets that it is told. Not thread-safe.

    Args:
        connection: Keyword arguments of every client (`pipeline.kafka_io.clients`).
        client_id: Name in the broker's logs.
        read_committed: Hide records of open and aborted transactions (and what comes after open ones).
        max_partition_fetch_bytes: Bytes that one partition may send at a time; one record may be larger.
        timeout_s: Deadline of every call but `poll`.

    Raises:
        BrokerError: The broker can't be reached.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        *,
        client_id: str,
        read_committed: bool,
        max_partition_fetch_bytes: int = 2**20,
        timeout_s: float = 10.0,
    ) -> None:
        self._timeout_ms = int(timeout_s * 1000)
        try:
            self._consumer: Any = KafkaConsumer(  # type: ignore[no-untyped-call]
                **{
                    **connection,
                    **CONSUMER_SETTINGS,
                    "client_id": client_id,
                    "isolation_level": "read_committed" if read_committed else "read_uncommitted",
                    "max_partition_fetch_bytes": max_partition_fetch_bytes,
                }
            )
        except KafkaError as error:
            raise BrokerError(f"Can't reach Kafka: {error!r}.", action=_CHECK_BROKER) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def assign(self, topic: str, partition: int, offset: int) -> None:
        """Read one more partition, or an assigned one anew, from `offset` on."""
        wanted = TopicPartition(topic, partition)
        self._consumer.assign(sorted({*self._consumer.assignment(), wanted}))
        self._consumer.seek(wanted, offset)

    def unassign(self, topic: str, partition: int) -> None:
        """Stop reading a partition; nothing happens if it is not assigned."""
        self._consumer.assign(sorted(self._consumer.assignment() - {TopicPartition(topic, partition)}))

    def pause(self, topic: str, partition: int) -> None:
        """Return no records of an assigned partition until `resume`."""
        self._consumer.pause(TopicPartition(topic, partition))

    def resume(self, topic: str, partition: int) -> None:
        """Return records of a paused partition again."""
        self._consumer.resume(TopicPartition(topic, partition))

    def poll(self, timeout_s: float, max_records: int = 500) -> list[Record]:
        """Records that are there, waiting for the first at most `timeout_s`; in order within each partition.

        Raises:
            OffsetOutOfRangeError: A position is outside of its log; the bounds are in the error.
            BrokerError: The broker refuses.
        """
        clear_used_up_batch(self._consumer)
        try:
            batches = self._consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=max_records)
        except (KafkaOffsetOutOfRangeError, LogTruncationError) as error:
            raise self._out_of_range(error) from error
        except KafkaError as error:
            raise BrokerError(f"Reading failed: {error!r}.", action=_CHECK_BROKER) from error
        return [
            Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, _headers(r.headers))
            for batch in batches.values()
            for r in batch
        ]

    def position(self, topic: str, partition: int) -> int:
        """Offset that `poll` reads next from an assigned partition; it passes over transaction markers."""
        wanted = TopicPartition(topic, partition)
        try:
            position = self._consumer.position(wanted, timeout_ms=self._timeout_ms)
        except (KafkaOffsetOutOfRangeError, LogTruncationError) as error:
            raise self._out_of_range(error) from error
        except KafkaError as error:
            raise BrokerError(
                f"{topic} [{partition}]: no position: {error!r}.", action=_CHECK_BROKER
            ) from error
        if position is None:
            raise BrokerError(f"{topic} [{partition}]: no position in time.", action=_CHECK_BROKER)
        return int(position)

    def bounds(self, topic: str, partition: int) -> OffsetBounds:
        """Bounds of any partition; with read_committed, `end` is where the first open transaction begins.

        Raises:
            BrokerError: No answer in time, or there is no such partition.
        """
        return self.all_bounds(topic, [partition])[partition]

    def all_bounds(self, topic: str, partitions: Collection[int]) -> dict[int, OffsetBounds]:
        """`bounds` of several partitions of a topic at once."""
        wanted = [TopicPartition(topic, partition) for partition in partitions]
        try:
            beginnings = self._consumer.beginning_offsets(wanted, timeout_ms=self._timeout_ms)
        except KafkaError as error:
            raise BrokerError(f"{topic}: no bounds: {error!r}.", action=_CHECK_BROKER) from error
        ends = self.ends(topic, partitions, self._timeout_ms / 1000)
        return {
            partition: OffsetBounds(begin, ends[partition]) for (_, partition), begin in beginnings.items()
        }

    def ends(self, topic: str, partitions: Iterable[int], timeout_s: float) -> dict[int, int]:
        """Offsets behind the last records of partitions, as `bounds` gives them, in one request.

        Raises:
            BrokerError: No answer in time, or there is no such partition.
        """
        wanted = [TopicPartition(topic, partition) for partition in partitions]
        try:
            ends = self._consumer.end_offsets(wanted, timeout_ms=int(timeout_s * 1000))
        except KafkaError as error:
            raise BrokerError(f"{topic}: no ends: {error!r}.", action=_CHECK_BROKER) from error
        return {partition: end for (_, partition), end in ends.items()}

    def offset_at(self, topic: str, partition: int, time_ms: int) -> int:
        """Offset of the first record stamped at or after a Unix time in ms; the end if there is none.

        Raises:
            BrokerError: No answer in time, or there is no such partition.
        """
        wanted = TopicPartition(topic, partition)
        try:
            found = self._consumer.offsets_for_times({wanted: time_ms}, timeout_ms=self._timeout_ms)[wanted]
        except KafkaError as error:
            raise BrokerError(
                f"{topic} [{partition}]: no offset for a time: {error!r}.", action=_CHECK_BROKER
            ) from error
        return int(found.offset) if found is not None else self.bounds(topic, partition).end

    def read_to(self, topic: str, partition: int, end: int, deadline: float) -> list[Record]:
        """All records from the position of an assigned partition up to the offset `end` (exclusive).

        Raises:
            BrokerError: `end` was not reached when `time.monotonic()` passed `deadline`.
        """
        records: list[Record] = []
        while self.position(topic, partition) < end:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise BrokerError(
                    f"{topic} [{partition}]: offset {end} was not reached in time.", action=_CHECK_BROKER
                )
            records += [
                r for r in self.poll(min(left_s, 1.0)) if (r.topic, r.partition) == (topic, partition)
            ]
        return [record for record in records if record.offset < end]

    def close(self) -> None:
        """Close; bounded by the request timeout."""
        self._consumer.close(autocommit=False, timeout_ms=self._timeout_ms)

    def _out_of_range(self, error: KafkaError) -> OffsetOutOfRangeError:
        details = error.args[0] if error.args else None
        wanted, offset = next(iter(details.items())) if isinstance(details, dict) and details else (None, -1)
        bounds = self.bounds(wanted.topic, wanted.partition) if wanted else OffsetBounds(-1, -1)
        name = f"{wanted.topic} [{wanted.partition}]" if wanted else "A partition"
        return OffsetOutOfRangeError(
            f"{name}: offset {offset} is outside of the log, which has {bounds.beginning} to {bounds.end}.",
            offset=offset if isinstance(offset, int) else -1,
            beginning=bounds.beginning,
            end=bounds.end,
        )


def _headers(headers: Iterable[tuple[str, bytes | None]] | None) -> Headers:
    # Kafka allows null as a header's value; here and for kafka-python's `send` that is an empty one.
    return tuple((name, value or b"") for name, value in headers or ())


def read_to_end(
    connection: Mapping[str, Any], topic: str, partition: int, timeout_s: float = 30.0
) -> list[Record]:
    """All committed records of one partition, from its beginning to its end as of now.

    Raises:
        BrokerError: Not done within `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    with PartitionConsumer(
        connection, client_id=f"read-{topic}-{partition}", read_committed=True
    ) as consumer:
        bounds = consumer.bounds(topic, partition)
        consumer.assign(topic, partition, bounds.beginning)
        return consumer.read_to(topic, partition, bounds.end, deadline)
