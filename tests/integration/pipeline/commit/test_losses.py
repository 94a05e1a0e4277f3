"""Lost blobs, another model, deleted frames, a store that is down."""

from __future__ import annotations

import pytest
from kafka import KafkaAdminClient, TopicPartition

from operators.narrator.types import FramePosition
from pipeline.errors import OtherModelError, TopicError
from pipeline.kafka_io.admin import KafkaAdmin, create_all_topics
from pipeline.kafka_io.consumer import read_to_end
from pipeline.state_store import StateStore
from tests.support.owned_partition import PARTITION, OwnedPartition, narrate, refuse, seen
from tests.support.waiting import wait_until


def test_a_lost_blob_is_replaced_by_the_one_before(partition: OwnedPartition) -> None:
    session = partition.own()
    narrate(session, 0, 3, "one")
    session.snapshotted("cam", b"first", FramePosition(3), seen(3))
    session.commit()
    narrate(session, 4, 6, "two")
    narrate(session, 7, 9, "three")
    session.snapshotted("cam", b"second", FramePosition(9), seen(9))
    session.commit()
    assert len(partition.redis.keys("*:blob:*")) == 2
    (newest,) = [key for key in partition.redis.keys("*:blob:*") if key != first_blob_key(partition)]
    partition.redis.delete(newest)
    recovery = partition.own().recovery
    stream = recovery.streams["cam"]
    assert stream.snapshot == b"first"
    assert [s.end.offset for s in stream.journal] == [6, 9]
    assert (recovery.position, recovery.committed_position) == (4, 10)
    assert not stream.lost_state

    partition.redis.flushdb()
    recovery = partition.own().recovery
    stream = recovery.streams["cam"]
    assert (stream.snapshot, stream.covered, stream.journal) == (None, FramePosition(9), ())
    assert stream.lost_state
    assert stream.next_event == 3


def first_blob_key(partition: OwnedPartition) -> bytes:
    """Key of the blob that holds `first`."""
    records = read_to_end(partition.connection, partition.topics.checkpoints, PARTITION)
    first = next(record.value or b"" for record in records if record.key == b"cam")
    return first.split(b'"key":"')[1].split(b'"')[0]


def test_only_the_last_two_blobs_of_a_stream_are_kept(partition: OwnedPartition) -> None:
    session = partition.own()
    for n in range(5):
        narrate(session, n, n, f"{n}")
        session.snapshotted("cam", b"%d" % n, FramePosition(n), seen(n))
        session.commit()
    assert len(partition.redis.keys("*:blob:*")) == 2
    assert partition.own().recovery.streams["cam"].snapshot == b"4"


def test_another_model_begins_anew_after_the_last_narration(partition: OwnedPartition) -> None:
    session = partition.own()
    narrate(session, 0, 3, "one")
    session.snapshotted("cam", b"state", FramePosition(3), seen(3))
    narrate(session, 4, 5, "two")
    session.commit()
    with pytest.raises(OtherModelError, match="1 stream was made by another model: 1 by model hash"):
        partition.own(model_hash="other")
    # The owner was not disturbed.
    narrate(session, 6, 6, "three")
    session.commit()
    stream = partition.own(model_hash="other", accept_state_loss=True).recovery.streams["cam"]
    assert (stream.snapshot, stream.covered, stream.admission) == (None, FramePosition(6), seen(6))
    assert (stream.next_event, stream.lost_state) == (3, True)


def test_frames_that_retention_deleted_are_told(partition: OwnedPartition) -> None:
    session = partition.own()
    narrate(session, 0, 3, "one")
    session.commit()
    delete_frames_before(partition, 40)
    recovery = partition.own().recovery
    assert (recovery.position, recovery.lost_frames) == (40, (0, 39))


def test_a_topic_of_frames_that_was_made_again_is_refused(partition: OwnedPartition) -> None:
    session = partition.own()
    for offset in range(100):
        refuse(session, offset, stream="")
    session.commit()
    with KafkaAdmin(partition.settings.kafka) as admin:
        admin.delete_topics([partition.topics.frames])
        wait_until(lambda: partition.topics.frames not in admin.list_topics(), "the end of the topic", 10.0)
    create_all_topics(partition.settings)
    with pytest.raises(TopicError, match="id of the topic of frames"):
        partition.own()


def delete_frames_before(partition: OwnedPartition, offset: int) -> None:
    admin = KafkaAdminClient(**partition.connection)
    admin.delete_records({TopicPartition(partition.topics.frames, PARTITION): offset})
    admin.close()


def test_the_store_may_be_down_for_a_while(
    partition: OwnedPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = partition.own()
    away = partition.settings.redis.model_copy(update={"url": "redis://127.0.0.1:1/0"})
    broken = StateStore(away, "x", "hash")
    monkeypatch.setattr(session._storer, "_blobs", broken)
    narrate(session, 0, 3, "one")
    session.snapshotted("cam", b"state", FramePosition(3), seen(3))
    report = session.commit()
    assert report is not None
    assert (report.num_narrations, report.num_blobs, report.position) == (1, 0, 0)
    broken.close()
    monkeypatch.setattr(session._storer, "_blobs", partition.store)
    report = session.commit()
    assert report is not None
    assert (report.num_narrations, report.num_blobs, report.position) == (0, 1, 4)
