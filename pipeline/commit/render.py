"""From a plan to the Kafka records of its transaction."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from pipeline.commit.checkpoint_json import encode
from pipeline.commit.checkpoint_record import partition_key
from pipeline.commit.identity import SessionIdentity
from pipeline.commit.plan import CommitPlan, NumberedEvent
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.messages.dead_letter import DeadLetter
from pipeline.wire.dead_letter import encode_dead_letter
from pipeline.wire.stream_event import encode_stream_event

_log = logging.getLogger(__name__)


def render(
    plan: CommitPlan, identity: SessionIdentity, max_bytes: Mapping[str, int], time_ns: int
) -> list[OutgoingRecord]:
    """All records of a transaction: events, dead letters, checkpoints, and last the partition's position.

    Args:
        plan: What the transaction contains.
        identity: Whose it is.
        max_bytes: Largest record of each topic.
        time_ns: Now, Unix nanoseconds.
    """
    topics, partition = identity.topics, identity.partition
    records = [_event(event, identity) for event in plan.events]
    records += [
        _dead_letter(letter, identity, max_bytes[topics.dlq], time_ns) for letter in plan.dead_letters
    ]
    for stream, checkpoint in plan.checkpoints:
        value = None if checkpoint is None else encode(checkpoint)
        records.append(OutgoingRecord(topics.checkpoints, partition, stream.encode(), value))
    position = encode(plan.partition)
    key = partition_key(partition).encode()
    return [*records, OutgoingRecord(topics.checkpoints, partition, key, position)]


def _event(numbered: NumberedEvent, identity: SessionIdentity) -> OutgoingRecord:
    value, headers = encode_stream_event(
        numbered.content,
        application=identity.application,
        stream=numbered.stream,
        epoch=numbered.epoch,
        number=numbered.number,
        source_topic=identity.topics.frames,
        source_partition=identity.partition,
        model_id=identity.model_id,
        model_hash=identity.model_hash,
        prompt_version=numbered.prompt_version,
        origin_traceparent=numbered.origin_traceparent,
    )
    key = numbered.stream.encode()
    return OutgoingRecord(identity.topics.narrations, identity.partition, key, value, headers)


def _dead_letter(
    letter: DeadLetter, identity: SessionIdentity, max_bytes: int, time_ns: int
) -> OutgoingRecord:
    # Kafka clients refuse a record without key and value, though the original may have had neither.
    value = b"" if letter.key is None and letter.value is None else letter.value
    headers = encode_dead_letter(letter, time_ns)
    record = OutgoingRecord(identity.topics.dlq, identity.partition, letter.key, value, headers)
    if record.size_bytes <= max_bytes:
        return record
    # One record that can't be written would stop its partition for good.
    _log.warning(
        "%s [%d] offset %d: too large for %s, kept there without its content",
        letter.topic,
        letter.partition,
        letter.offset,
        identity.topics.dlq,
    )
    message = f"{letter.message} (The original is too large to be kept; it may still be in the topic.)"
    emptied = replace(letter, key=None, value=None, headers=(), message=message)
    return replace(record, key=None, value=b"", headers=encode_dead_letter(emptied, time_ns))
