"""Narrations and dead letters in Kafka without a narrator: what the commit protocol would have written."""

from collections.abc import Iterable, Sequence

from kafka import KafkaProducer

from operators.narrator.types import FramePosition, Narration
from pipeline.config import KafkaSettings, Settings
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.producer import TransactionalProducer
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.messages.dead_letter import DeadLetter
from pipeline.wire.dead_letter import encode_dead_letter
from pipeline.wire.narration_event import NarrationEvent, encode_narration
from pipeline.wire.notice_event import NoticeEvent, encode_notice
from pipeline.wire.partitioner import partition_of
from pipeline.wire.topics import TopicNames, topic_specs

START_NS = 1_767_323_045_000_000_000
"""2026-01-02T03:04:05Z."""


def narration_event(stream: str, number: int, text: str, *, length_s: float = 2.5) -> NarrationEvent:
    """The narration number `number` of a stream; each begins where the one before ended."""
    start_ns = START_NS + round(number * length_s * 1e9)
    return NarrationEvent(
        application="test",
        stream=stream,
        epoch=START_NS,
        number=number,
        narration=Narration(
            segment=number,
            start=FramePosition(10 * number),
            end=FramePosition(10 * number + 9),
            start_time_ns=start_ns,
            end_time_ns=start_ns + round(length_s * 1e9),
            text=text,
            token_ids=(5, 6, 7),
            p_skip=0.25,
            threshold=0.5,
            forced=False,
        ),
        source_topic="flownar.frames",
        source_partition=0,
        model_id="test",
        model_hash="0123456789abcdef",
        prompt_version="1",
    )


def narration_record(kafka: KafkaSettings, event: NarrationEvent) -> OutgoingRecord:
    value, headers = encode_narration(event)
    return OutgoingRecord(
        topic=TopicNames.of(kafka.prefix).narrations,
        partition=partition_of(event.stream, kafka.partitions),
        key=event.stream.encode(),
        value=value,
        headers=headers,
    )


def notice_record(kafka: KafkaSettings, event: NoticeEvent) -> OutgoingRecord:
    value, headers = encode_notice(event)
    return OutgoingRecord(
        topic=TopicNames.of(kafka.prefix).narrations,
        partition=partition_of(event.stream, kafka.partitions),
        key=event.stream.encode(),
        value=value,
        headers=headers,
    )


def dead_letter_record(kafka: KafkaSettings, letter: DeadLetter, time_ns: int) -> OutgoingRecord:
    return OutgoingRecord(
        topic=TopicNames.of(kafka.prefix).dlq,
        partition=letter.partition,
        key=letter.key,
        value=letter.value,
        headers=encode_dead_letter(letter, time_ns),
    )


def commit(settings: Settings, records: Sequence[OutgoingRecord]) -> tuple[int, ...]:
    """Write records in one transaction; return their offsets."""
    sizes = {spec.name: spec.max_record_bytes for spec in topic_specs(settings.kafka, settings.frames)}
    producer = TransactionalProducer(
        connection_kwargs(settings.kafka), transactional_id=f"{settings.kafka.prefix}test", max_bytes=sizes
    )
    try:
        return producer.transact(records, timeout_s=20.0)
    finally:
        producer.close()


def abort(settings: Settings, records: Iterable[OutgoingRecord]) -> None:
    """Write records in a transaction that is then aborted: they are in the log, and nobody may see them."""
    producer = KafkaProducer(
        **connection_kwargs(settings.kafka), transactional_id=f"{settings.kafka.prefix}aborting"
    )
    producer.init_transactions()
    producer.begin_transaction()
    for record in records:
        producer.send(
            record.topic,
            record.value,
            key=record.key,
            headers=list(record.headers),
            partition=record.partition,
        ).get(timeout=10)
    producer.abort_transaction()
    producer.close(timeout=5)
