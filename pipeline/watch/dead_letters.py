"""Looks into the dead letters: the newest ones, one of them, or all that were refused for one reason."""

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.config import KafkaSettings
from pipeline.errors import BrokerError, WireError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import PartitionConsumer
from pipeline.kafka_io.records import Record
from pipeline.messages.dead_letter import DeadLetter
from pipeline.wire.dead_letter import decode_dead_letter
from pipeline.wire.topics import TopicNames

_log = logging.getLogger(__name__)

READ_DEADLINE_S = 30.0
"""For one partition: letters may be as large as frames."""

RECORDS_A_STEP = 20
"""Held at a time when all letters are looked through: each may be as large as a frame record."""


@dataclass(frozen=True, slots=True)
class ReadDeadLetter:
    """One dead letter and where it stands.

    Attributes:
        letter: The original record, and why it was refused.
        error_time_ns: When it was refused, Unix nanoseconds.
        partition: Partition of the dlq topic.
        offset: Offset in it.
    """

    letter: DeadLetter
    error_time_ns: int
    partition: int
    offset: int


def read_dead_letters(kafka: KafkaSettings, limit: int) -> list[ReadDeadLetter]:
    """Return the newest dead letters of all partitions, oldest of them first.

    Args:
        kafka: Which Kafka, prefix and number of partitions.
        limit: How many, at most.

    Raises:
        BrokerError: Kafka can't be reached, or the topic does not exist.
    """
    topic = TopicNames.of(kafka.prefix).dlq
    letters: list[ReadDeadLetter] = []
    with _consumer(kafka) as consumer:
        for partition in range(kafka.partitions):
            letters += _newest(consumer, topic, partition, limit)
    letters.sort(key=lambda letter: (letter.error_time_ns, letter.partition, letter.offset))
    return letters[-limit:]


def read_dead_letter(kafka: KafkaSettings, partition: int, offset: int) -> ReadDeadLetter:
    """Return one dead letter.

    Args:
        kafka: Which Kafka and prefix.
        partition: Partition of the dlq topic.
        offset: Offset in it.

    Raises:
        BrokerError: There is none at this place, or Kafka can't be reached.
    """
    topic = TopicNames.of(kafka.prefix).dlq
    nothing = BrokerError(
        f"There is no dead letter at partition {partition}, offset {offset}.",
        action="See what there is with: flownar dlq list",
    )
    if not 0 <= partition < kafka.partitions:
        raise nothing
    with _consumer(kafka) as consumer:
        bounds = consumer.bounds(topic, partition)
        if not bounds.beginning <= offset < bounds.end:
            raise nothing
        consumer.assign(topic, partition, offset)
        for letter in _decoded(consumer.read_to(topic, partition, offset + 1, _deadline())):
            if letter.offset == offset:
                return letter
    raise nothing


def dead_letter_ends(kafka: KafkaSettings) -> dict[int, int]:
    """Return the offset behind the last dead letter of each partition, as of now.

    Raises:
        BrokerError: Kafka can't be reached, or the topic does not exist.
    """
    topic = TopicNames.of(kafka.prefix).dlq
    with _consumer(kafka) as consumer:
        return {partition: consumer.bounds(topic, partition).end for partition in range(kafka.partitions)}


def dead_letters_of(kafka: KafkaSettings, code: str, ends: Mapping[int, int]) -> Iterator[ReadDeadLetter]:
    """Yield all dead letters with a code, partition by partition, in the order in which they were refused.

    Only a few of them are in memory at a time.

    Args:
        kafka: Which Kafka and prefix.
        code: Their `error-code`.
        ends: Offset of each partition before which they are looked for.

    Raises:
        BrokerError: Kafka can't be reached, or does not answer in time.
    """
    topic = TopicNames.of(kafka.prefix).dlq
    with _consumer(kafka) as consumer:
        for partition, end in ends.items():
            consumer.assign(topic, partition, consumer.bounds(topic, partition).beginning)
            for records in _read_in_steps(consumer, topic, partition, end):
                yield from (letter for letter in _decoded(records) if letter.letter.code == code)
            consumer.unassign(topic, partition)


def _consumer(kafka: KafkaSettings) -> PartitionConsumer:
    return PartitionConsumer(connection_kwargs(kafka), client_id="flownar-dlq", read_committed=True)


def _deadline() -> float:
    return time.monotonic() + READ_DEADLINE_S


def _newest(consumer: PartitionConsumer, topic: str, partition: int, limit: int) -> list[ReadDeadLetter]:
    bounds = consumer.bounds(topic, partition)
    # Every transaction leaves a marker in the log, so there are fewer letters than offsets.
    window = 2 * limit
    while True:
        start = max(bounds.beginning, bounds.end - window)
        consumer.assign(topic, partition, start)
        letters = _decoded(consumer.read_to(topic, partition, bounds.end, _deadline()))
        if len(letters) >= limit or start == bounds.beginning:
            consumer.unassign(topic, partition)
            return letters[-limit:]
        window *= 4


def _read_in_steps(
    consumer: PartitionConsumer, topic: str, partition: int, end: int
) -> Iterator[list[Record]]:
    deadline = _deadline()
    while consumer.position(topic, partition) < end:
        if records := consumer.poll(1.0, max_records=RECORDS_A_STEP):
            deadline = _deadline()
            yield [record for record in records if record.offset < end]
        elif time.monotonic() > deadline:
            raise BrokerError(
                f"{topic} [{partition}]: nothing came for {READ_DEADLINE_S:g} s.",
                action="Check the broker: `flownar doctor`.",
            )


def _decoded(records: list[Record]) -> list[ReadDeadLetter]:
    letters = []
    for record in records:
        try:
            letter, time_ns = decode_dead_letter(record.key, record.value, record.headers)
        except WireError as error:
            _log.warning("%s [%d] @%d: %s", record.topic, record.partition, record.offset, error.message)
            continue
        letters.append(ReadDeadLetter(letter, time_ns, record.partition, record.offset))
    return letters
