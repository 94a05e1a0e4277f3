"""A record that was refused, on its way to the topic `dlq`."""

from dataclasses import dataclass


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
