"""Reads the events of streams as services should: committed ones only, every one once, in order per stream.

with EventReader(settings.kafka, start=BEGINNING) as reader:
    for read in reader.read(timeout_s=1.0): ...
"""

import heapq
import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Generic, Self, TypeVar

from pipeline.config import KafkaSettings
from pipeline.errors import OffsetOutOfRangeError, WireError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import PartitionConsumer
from pipeline.kafka_io.records import Record
from pipeline.wire.cloud_event import CloudEvent, decode_event
from pipeline.wire.stream_event import EVENT_TYPES, AnyStreamEvent, stream_event_of
from pipeline.wire.topics import TopicNames

_log = logging.getLogger(__name__)

EventT = TypeVar("EventT", bound=AnyStreamEvent)
EventT_co = TypeVar("EventT_co", bound=AnyStreamEvent, covariant=True)


@dataclass(frozen=True, slots=True)
class StartAt:
    """Where a reader begins.

    Attributes:
        time_ms: With events that became visible at or after this Unix time in milliseconds; 0 is the
            beginning of the log, None its end as of now.
    """

    time_ms: int | None


BEGINNING = StartAt(0)
NOW = StartAt(None)


@dataclass(frozen=True, slots=True)
class ReadEvent(Generic[EventT_co]):
    """One event and where it stands.

    Attributes:
        event: The event.
        partition: Partition of the narrations topic.
        offset: Offset in it.
        timestamp_ms: Record timestamp, Unix milliseconds: when the narrator sent it.
    """

    event: EventT_co
    partition: int
    offset: int
    timestamp_ms: int


class StreamReader(ABC, Generic[EventT]):
    """Reads all partitions of the narrations topic with `read_committed`. Not thread-safe.

    Args:
        kafka: Which Kafka, prefix and number of partitions.
        start: Where to begin.
        streams: Patterns (`*`, `?`, `[…]`) of stream ids, of which one must match; none means all streams.
        client_id: Name in the broker's logs.

    Raises:
        BrokerError: Kafka can't be reached, or the topic does not exist.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        *,
        start: StartAt,
        streams: Sequence[str] = (),
        client_id: str = "flownar-watch",
    ) -> None:
        self._topic = TopicNames.of(kafka.prefix).narrations
        self._streams = tuple(streams)
        self._consumer = PartitionConsumer(connection_kwargs(kafka), client_id=client_id, read_committed=True)
        self._ends: dict[int, int] = {}
        try:
            for partition in range(kafka.partitions):
                self._open(partition, start)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()

    @abstractmethod
    def event_of(self, event: CloudEvent) -> EventT | None:
        """The event if it is of a wanted type, else None.

        Raises:
            WireError: It can't be read.
        """

    def read(self, timeout_s: float) -> list[ReadEvent[EventT]]:
        """Events that are there, waiting for the first at most `timeout_s`; in order per stream.

        Those of different partitions are put in order of time as far as they were read together.

        Records that are no events are left out with a warning: a reader must survive them.

        Raises:
            BrokerError: Kafka does not answer.
        """
        try:
            records = self._consumer.poll(timeout_s)
        except OffsetOutOfRangeError as error:
            _log.warning("%s; reading goes on with the oldest events that are left", error.message)
            self._skip_what_is_gone()
            return []
        return [read for record in _merged(records) if (read := self._decoded(record)) is not None]

    def read_present(self, timeout_s: float = 1.0) -> Iterator[ReadEvent[EventT]]:
        """Yield all events that were visible when the reader was opened, and perhaps some later ones."""
        while not self.has_read_present():
            yield from self.read(timeout_s)

    def has_read_present(self) -> bool:
        """Say whether everything that was visible when the reader was opened has been read."""
        return all(self._consumer.position(self._topic, p) >= end for p, end in self._ends.items())

    def _open(self, partition: int, start: StartAt) -> None:
        bounds = self._consumer.bounds(self._topic, partition)
        if start.time_ms is None:
            offset = bounds.end
        elif start.time_ms <= 0:
            offset = bounds.beginning
        else:
            offset = self._consumer.offset_at(self._topic, partition, start.time_ms)
        self._ends[partition] = bounds.end
        self._consumer.assign(self._topic, partition, offset)

    def _skip_what_is_gone(self) -> None:
        for partition in self._ends:
            beginning = self._consumer.bounds(self._topic, partition).beginning
            try:
                position = self._consumer.position(self._topic, partition)
            except OffsetOutOfRangeError:
                position = -1
            if position < beginning:
                self._consumer.assign(self._topic, partition, beginning)

    def _decoded(self, record: Record) -> ReadEvent[EventT] | None:
        try:
            cloud_event = decode_event(record.value, record.headers)
            event = self.event_of(cloud_event) if self._wanted(cloud_event.stream) else None
        except WireError as error:
            _log.warning("%s [%d] @%d: %s", record.topic, record.partition, record.offset, error.message)
            return None
        if event is None:
            return None
        return ReadEvent(event, record.partition, record.offset, record.timestamp_ms)

    def _wanted(self, stream: str) -> bool:
        return not self._streams or any(fnmatchcase(stream, pattern) for pattern in self._streams)


class EventReader(StreamReader[AnyStreamEvent]):
    """Reads events of all types that this version knows."""

    def event_of(self, event: CloudEvent) -> AnyStreamEvent | None:
        """Whatever it is, unless its type was added later."""
        return stream_event_of(event) if event.type in EVENT_TYPES else None


def _merged(records: list[Record]) -> Iterable[Record]:
    """Put the partitions' records in order of time; those of one partition stay in order of offset."""
    by_partition: dict[int, list[Record]] = {}
    for record in records:
        by_partition.setdefault(record.partition, []).append(record)
    return heapq.merge(*by_partition.values(), key=lambda record: record.timestamp_ms)
