"""Puts dead letters back where they came from: the original records, as if they were published again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from pipeline.config import KafkaSettings, Settings
from pipeline.errors import WireError
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import Delivery, OutgoingRecord
from pipeline.messages.dead_letter import DeadLetter
from pipeline.publisher.camera import frame_producer
from pipeline.publisher.outlet import STOP_WAIT_S
from pipeline.watch.dead_letters import ReadDeadLetter
from pipeline.wire.dead_letter import ERROR_HEADERS
from pipeline.wire.partitioner import partition_of
from pipeline.wire.stream_id import parse_stream_key
from pipeline.wire.topics import TopicNames

MAX_BATCH_BYTES = 32 * 2**20
"""Records that are sent before their outcomes are waited for."""


@dataclass(frozen=True, slots=True)
class ReplayedLetter:
    """What became of one dead letter.

    Attributes:
        letter: The dead letter; it stays where it is.
        partition: Partition of the frames topic that the record was put into.
        offset: Its new offset there; None if it was not put back.
        error: Why not; empty if it was.
    """

    letter: ReadDeadLetter
    partition: int
    offset: int | None
    error: str = ""


def replay_dead_letters(settings: Settings, letters: Iterable[ReadDeadLetter]) -> Iterator[ReplayedLetter]:
    """Put the original records back into the frames topic, in order.

    Each goes to the partition of its key, with its own headers and none that say what was wrong.

    Args:
        settings: Which Kafka; how large a record may be.
        letters: Dead letters.

    Yields:
        What became of each, in order.

    Raises:
        BrokerError: Kafka can't be reached or does not answer in time; whether records that were not yielded
            yet were put back is not known.
    """
    with frame_producer(settings, "flownar-dlq-replay") as producer:
        batch: list[ReplayedLetter] = []
        size_bytes = 0
        for letter in letters:
            batch.append(_checked(letter, settings.kafka))
            size_bytes += len(letter.letter.value or b"")
            if size_bytes >= MAX_BATCH_BYTES:
                yield from _send(producer, settings.kafka, batch)
                batch, size_bytes = [], 0
        yield from _send(producer, settings.kafka, batch)


def _checked(read: ReadDeadLetter, kafka: KafkaSettings) -> ReplayedLetter:
    letter = read.letter
    frames = TopicNames.of(kafka.prefix).frames
    error = ""
    if letter.topic != frames:
        error = f"It comes from {letter.topic}, not from {frames}."
    elif letter.key is None and not letter.value and not letter.headers:
        error = "Its content was not kept."
    return ReplayedLetter(read, _partition(letter, kafka), None, error)


def _partition(letter: DeadLetter, kafka: KafkaSettings) -> int:
    try:
        return partition_of(parse_stream_key(letter.key), kafka.partitions)
    except WireError:
        # No stream, so no partition is right; it will be refused again.
        return letter.partition


def _send(
    producer: IdempotentProducer, kafka: KafkaSettings, batch: list[ReplayedLetter]
) -> list[ReplayedLetter]:
    done = list(batch)

    def finish(index: int, delivery: Delivery) -> None:
        error = "" if delivery.error is None else f"It may not have been put back: {delivery.error!r}."
        done[index] = replace(done[index], offset=delivery.offset, error=error)

    topic = TopicNames.of(kafka.prefix).frames
    for index, one in enumerate(batch):
        if one.error:
            continue
        letter = one.letter.letter
        headers = tuple(header for header in letter.headers if header[0] not in ERROR_HEADERS)
        record = OutgoingRecord(topic, one.partition, letter.key, letter.value, headers)
        try:
            producer.send(record, partial(finish, index))
        except WireError as error:
            done[index] = replace(one, error=error.message)
    producer.flush(STOP_WAIT_S)
    return done
