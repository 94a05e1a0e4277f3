"""From a plan to records."""

from __future__ import annotations

import math

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.checkpoint_json import decode_partition, decode_stream
from pipeline.commit.checkpoint_record import BaseState, PartitionCheckpoint, StreamCheckpoint
from pipeline.commit.identity import SessionIdentity
from pipeline.commit.plan import CommitPlan, NumberedEvent
from pipeline.commit.render import render
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.messages.dead_letter import DeadLetter
from pipeline.wire.dead_letter import decode_dead_letter
from pipeline.wire.narration_event import decode_narration
from pipeline.wire.topics import TopicNames

TOPICS = TopicNames.of("x.")
IDENTITY = SessionIdentity("live", TOPICS, 3, 4, 9, "n", "world", "hash")
MAX_BYTES = {TOPICS.narrations: 10_000, TOPICS.checkpoints: 10_000, TOPICS.dlq: 10_000}


def letter(**changes: object) -> DeadLetter:
    fields: dict[str, object] = {
        "topic": TOPICS.frames,
        "partition": 3,
        "offset": 5,
        "timestamp_ms": 1,
        "key": b"cam",
        "value": b"bad",
        "headers": (("epoch", b"x"),),
        "code": "header-invalid",
        "message": "The epoch is no number.",
        "stage": "reader",
    }
    return DeadLetter(**(fields | changes))  # type: ignore[arg-type]


def rendered(*letters: DeadLetter) -> list[OutgoingRecord]:
    plan = CommitPlan((), letters, (), PartitionCheckpoint(6), ())
    return render(plan, IDENTITY, MAX_BYTES, time_ns=10**18)


def test_everything_goes_to_the_same_partition_and_the_position_comes_last() -> None:
    narration = Narration(
        2, FramePosition(1), FramePosition(4), 10, 20, "opens the box", (7,), 0.25, 0.5, False
    )
    plan = CommitPlan(
        (NumberedEvent("cam/1", 8, 2, narration, "p", None),),
        (letter(),),
        (("cam/1", StreamCheckpoint.new("hash", 0)), ("gone", None)),
        PartitionCheckpoint(6, 5),
        (),
    )
    records = render(plan, IDENTITY, MAX_BYTES, time_ns=10**18)
    assert [(r.topic, r.partition, r.key) for r in records] == [
        (TOPICS.narrations, 3, b"cam/1"),
        (TOPICS.dlq, 3, b"cam"),
        (TOPICS.checkpoints, 3, b"cam/1"),
        (TOPICS.checkpoints, 3, b"gone"),
        (TOPICS.checkpoints, 3, b"@partition/3"),
    ]
    event = decode_narration(records[0].value, records[0].headers)
    assert (event.narration, event.number, event.epoch, event.model_id) == (narration, 2, 8, "world")
    assert decode_dead_letter(b"cam", records[1].value, records[1].headers) == (letter(), 10**18)
    assert records[2].value is not None
    assert decode_stream(records[2].value).base == BaseState.fresh(0)
    assert records[3].value is None
    assert records[4].value is not None
    assert decode_partition(records[4].value) == PartitionCheckpoint(6, 5)


def test_a_record_without_threshold_has_null_for_it() -> None:
    narration = Narration(0, FramePosition(1), FramePosition(1), 1, 1, "", (), math.nan, math.nan, True)
    plan = CommitPlan((NumberedEvent("a", 1, 0, narration, "p", None),), (), (), PartitionCheckpoint(0), ())
    record = render(plan, IDENTITY, MAX_BYTES, 0)[0]
    assert b'"p_skip":null' in (record.value or b"")


def test_a_dead_letter_without_key_and_value_can_be_sent() -> None:
    """Kafka takes such a record from other clients, and kafka-python refuses to send it."""
    record = rendered(letter(key=None, value=None))[0]
    assert (record.key, record.value) == (None, b"")
    assert rendered(letter(value=None))[0].value is None


def test_a_dead_letter_that_is_too_large_is_kept_without_its_content() -> None:
    headers = tuple((f"h{n}", b"") for n in range(1000))
    for large in (letter(value=b"x" * 10_000), letter(headers=headers), letter(key=b"k" * 10_000)):
        record = rendered(large)[0]
        assert record.size_bytes <= MAX_BYTES[TOPICS.dlq]
        kept, _ = decode_dead_letter(record.key, record.value, record.headers)
        assert (kept.offset, kept.code, kept.value) == (5, "header-invalid", b"")
        assert "too large to be kept" in kept.message
