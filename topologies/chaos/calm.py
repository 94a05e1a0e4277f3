"""The run without faults: the same frames again, on topics of their own, narrated by a fresh topology."""

from collections.abc import Sequence

from pipeline.config import Settings
from pipeline.errors import BrokerError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import Delivery, OutgoingRecord
from pipeline.wire.topics import TopicNames
from topologies.chaos.checker.records import LogRecord

FLUSH_DEADLINE_S = 60.0


def copy_frames(frames: Sequence[LogRecord], settings: Settings) -> None:
    """Publish records as they are, in their partitions and order, to the frames topic of other settings.

    Raises:
        BrokerError: A record was not taken, or stands at another offset than before.
    """
    topic = TopicNames.of(settings.kafka.prefix).frames
    wrong: list[str] = []

    def copy(record: LogRecord) -> None:
        def on_done(delivery: Delivery) -> None:
            if delivery.offset != record.offset:
                wrong.append(f"{record.partition}/{record.offset}: {delivery.offset}, {delivery.error}")

        producer.send(
            OutgoingRecord(topic, record.partition, record.key, record.value, record.headers), on_done
        )

    producer = IdempotentProducer(
        connection_kwargs(settings.kafka),
        client_id="flownar-chaos-copy",
        max_record_bytes=settings.frames.max_record_bytes,
    )
    try:
        for record in sorted(frames, key=lambda r: (r.partition, r.offset)):
            copy(record)
        producer.flush(FLUSH_DEADLINE_S)
    finally:
        producer.close()
    if wrong:
        raise BrokerError(f"{len(wrong)} records could not be copied as they are, first {wrong[0]}.")
