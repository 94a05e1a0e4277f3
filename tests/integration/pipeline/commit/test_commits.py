"""The commit protocol on a real Kafka and Redis."""

from __future__ import annotations

import threading

from operators.narrator.types import FramePosition
from pipeline.config import CommitSettings
from tests.support.owned_partition import PARTITION, OwnedPartition, narrate, refuse, seen


def test_a_first_owner_starts_at_the_first_frame(partition: OwnedPartition) -> None:
    recovery = partition.own().recovery
    assert (recovery.position, recovery.committed_position, recovery.lost_frames) == (0, 0, None)
    assert recovery.streams == {}


def test_what_is_committed_is_found_again(partition: OwnedPartition) -> None:
    session = partition.own()
    assert narrate(session, 0, 3, "one") == 0
    session.snapshotted("cam", b"state after 3", FramePosition(3), seen(3))
    assert narrate(session, 4, 6, "two") == 1
    assert refuse(session, 7)
    assert refuse(session, 8, stream="")
    report = session.commit()
    assert report is not None
    assert (report.num_narrations, report.num_dead_letters, report.num_blobs) == (2, 2, 1)
    assert report.position == session.position == 4
    assert session.commit() is None
    session.close()

    session = partition.own()
    recovery = session.recovery
    assert (recovery.position, recovery.committed_position) == (4, 4)
    stream = recovery.streams["cam"]
    assert stream.snapshot == b"state after 3"
    assert (stream.covered, stream.next_offset) == (FramePosition(3), 4)
    assert [(s.end, s.token_ids) for s in stream.journal] == [(FramePosition(6), (6, 2))]
    assert stream.admission == seen(3)
    assert (stream.next_event, stream.dead_lettered_through, stream.ended) == (2, 7, False)
    assert narrate(session, 4, 6, "not again") is None
    assert not refuse(session, 7)
    assert not refuse(session, 8, stream="")
    assert narrate(session, 9, 9, "three") == 2
    session.commit()
    assert partition.texts() == [(0, "one"), (1, "two"), (2, "three")]
    assert partition.dead_offsets() == [7, 8]


def test_an_event_tells_where_it_comes_from(partition: OwnedPartition) -> None:
    session = partition.own()
    narrate(session, 0, 3, "one")
    session.commit()
    (event,) = partition.narrations()
    assert (event.application, event.stream, event.epoch) == (
        partition.settings.kafka.application,
        "cam",
        1000,
    )
    assert (event.source_topic, event.source_partition) == (partition.topics.frames, PARTITION)
    assert (event.model_id, event.model_hash, event.prompt_version) == ("world", "hash", "p1")
    assert event.narration.token_ids == (3, 2)


def test_an_ended_stream_is_forgotten_when_the_partition_has_passed_it(partition: OwnedPartition) -> None:
    session = partition.own()
    narrate(session, 0, 0, "other", stream="slow")
    narrate(session, 1, 3, "one")
    session.snapshotted("cam", b"state", FramePosition(2), seen(2))
    session.commit()
    session.ended("cam", FramePosition(3), seen(3))
    session.commit()
    assert partition.redis.keys("*:blob:*") == []
    session = partition.own()
    stream = session.recovery.streams["cam"]
    assert (stream.ended, stream.snapshot, stream.admission) == (True, None, seen(3))
    assert session.recovery.position == 0
    narrate(session, 0, 0, "not again", stream="slow")
    for offset in (1, 2, 3):
        session.delivered("cam", offset)
    session.snapshotted("slow", b"slow", FramePosition(0), seen(0))
    session.commit()
    assert session.position == 4
    session = partition.own()
    assert set(session.recovery.streams) == {"slow"}
    assert session.recovery.position == 4
    assert partition.texts() == [(0, "other"), (0, "one")]


def test_two_threads_may_buffer_and_commit_at_once(partition: OwnedPartition) -> None:
    session = partition.own()
    done = threading.Event()

    def commit() -> None:
        while not done.is_set():
            session.commit()
        session.commit()

    committer = threading.Thread(target=commit)
    committer.start()
    for offset in range(100):
        narrate(session, offset, offset, f"{offset}")
        if offset % 10 == 9:
            session.snapshotted("cam", b"%d" % offset, FramePosition(offset), seen(offset))
    done.set()
    committer.join(20)
    assert partition.texts() == [(n, f"{n}") for n in range(100)]
    assert session.position == 100


def test_the_snapshot_policy_comes_from_the_settings(partition: OwnedPartition) -> None:
    commit = CommitSettings(snapshot_every_segments=2, snapshot_every_s=1000)
    partition.settings = partition.settings.model_copy(update={"commit": commit})
    session = partition.own()
    narrate(session, 0, 0, "one")
    assert not session.snapshot_due("cam")
    narrate(session, 1, 1, "two")
    assert session.snapshot_due("cam")
    assert session.due_streams() == ["cam"]
    session.snapshotted("cam", b"x", FramePosition(1), seen(1))
    assert session.due_streams() == []
