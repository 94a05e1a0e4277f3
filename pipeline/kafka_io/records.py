"""Kafka records as frozen messages: what is read and what is sent."""

from dataclasses import dataclass

from pipeline.errors import WireError

Headers = tuple[tuple[str, bytes], ...]
"""Record headers in order; the same key may occur several times."""

_BATCH_HEADER_BYTES = 61
_RECORD_OVERHEAD_BYTES = 32
_HEADER_OVERHEAD_BYTES = 10


@dataclass(frozen=True, slots=True)
class Record:
    """One record as read from a topic.

    Attributes:
        topic: Topic name.
        partition: Partition number.
        offset: Offset in the partition.
        timestamp_ms: Record timestamp, Unix milliseconds.
        key: Key, or None.
        value: Value; None is a tombstone.
        headers: Headers in order.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class OutgoingRecord:
    """One record to be sent.

    Attributes:
        topic: Topic name.
        partition: Partition number; None lets the murmur2 partitioner choose by key.
        key: Key, or None.
        value: Value; None writes a tombstone, which needs a key.
        headers: Headers in order.
    """

    topic: str
    partition: int | None
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def size_bytes(self) -> int:
        """Upper bound of the uncompressed size of the record in a batch of its own."""
        size = _BATCH_HEADER_BYTES + _RECORD_OVERHEAD_BYTES + len(self.key or b"") + len(self.value or b"")
        return size + sum(len(k.encode()) + len(v) + _HEADER_OVERHEAD_BYTES for k, v in self.headers)

    def check_size(self, max_bytes: int) -> None:
        """Refuse the record if it may be larger than `max_bytes`.

        After one refusal by the broker, kafka-python fails every later send to that partition, so nothing too
        large may get as far as the broker.

        Raises:
            WireError: With code `record-too-large`.
        """
        if self.size_bytes > max_bytes:
            raise WireError(
                f"A record for {self.topic} may need {self.size_bytes} bytes; the topic takes {max_bytes}.",
                code="record-too-large",
                action="Send smaller images or shorter groups of pictures.",
            )


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one send ended.

    Attributes:
        record: The record that was sent.
        offset: Its offset, or None if it failed.
        error: Why it failed, or None. After a failure the record may still have been written.
    """

    record: OutgoingRecord
    offset: int | None
    error: Exception | None


@dataclass(frozen=True, slots=True)
class OffsetBounds:
    """Bounds of a partition: `beginning` is its first offset, `end` the one after its last record."""

    beginning: int
    end: int
