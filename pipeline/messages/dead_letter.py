"""A record that was refused, on its way to the topic `dlq`."""

from dataclasses import dataclass
from typing import Self

from pipeline.kafka_io.records import Record


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """The original record, and why it was refused.

    Attributes:
        topic: Topic that the record was read from.
        partition: Its partition.
        offset: Its offset.
        timestamp_ms: Its Kafka timestamp, Unix milliseconds.
        key: Its key, or None.
        value: Its value, or None.
        headers: Its headers, in order.
        code: Machine-readable reason, for example `image-corrupt`.
        message: What is wrong, for people.
        stage: Which stage refused it, for example `reader`.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    code: str
    message: str
    stage: str

    @classmethod
    def of(cls, record: Record, *, code: str, message: str, stage: str) -> Self:
        """The dead letter of a record as it was read."""
        return cls(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp_ms=record.timestamp_ms,
            key=record.key,
            value=record.value,
            headers=record.headers,
            code=code,
            message=message,
            stage=stage,
        )
