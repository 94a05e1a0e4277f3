"""Takeovers on the model of Kafka and Redis: whom they refuse, what they find, what they do about losses."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

import pytest

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.checkpoint_json import decode_owner
from pipeline.commit.session import PartitionSession
from pipeline.errors import (
    CheckpointRecordError,
    FencedError,
    HigherGenerationError,
    OffsetOutOfRangeError,
    OtherModelError,
    StateStoreError,
    TopicError,
)
from pipeline.kafka_io.records import Record
from pipeline.messages.events import Fault, FaultKind, Gap
from pipeline.reader.admission import AdmissionState
from pipeline.wire.notice_event import NoticeEvent
from pipeline.wire.stream_event import AnyStreamEvent, decode_stream_event
from tests.support.commit_model import TOPICS, World


@pytest.fixture
def world() -> World:
    world = World()
    world.broker.frames = [Record(TOPICS.frames, 0, offset, 0, b"a", b"frame") for offset in range(50)]
    return world


def narrate(session: PartitionSession, start: int, end: int, *, snapshot: bool = False) -> int | None:
    for offset in range(start, end + 1):
        session.delivered("a", offset)
        session.processed("a", FramePosition(offset), last_of_record=True)
    admission = AdmissionState(1, end)
    narration = Narration(
        0, FramePosition(start), FramePosition(end), 0, 0, "text", (end,), math.nan, math.nan, False
    )
    number = session.narrated("a", narration, admission, prompt_version="p")
    if snapshot:
        session.snapshotted("a", b"state %d" % end, FramePosition(end), admission)
    return number


def events(world: World) -> list[AnyStreamEvent]:
    return [decode_stream_event(r.value, r.headers) for r in world.broker.logs[TOPICS.narrations]]


def lose(world: World, text: bytes) -> None:
    for key in [key for key, data in world.store.blobs.items() if data == text]:
        del world.store.blobs[key]


def at_step(world: World, name: str, action: Callable[[], None]) -> None:
    """Do something when a step is passed for the first time."""
    step = world.faults.step

    def hooked(passed: str, *kinds: str) -> str | None:
        if passed == name:
            world.faults.step = step  # type: ignore[method-assign]
            action()
        return step(passed, *kinds)

    world.faults.step = hooked  # type: ignore[method-assign]


def test_the_first_takeover_begins_where_the_frames_begin(world: World) -> None:
    world.broker.beginning = 7
    recovery = world.take_over().recovery
    assert (recovery.position, recovery.committed_position, recovery.lost_frames) == (7, 7, None)
    (record,) = world.broker.logs[TOPICS.checkpoints]
    assert record.key == b"@owner/0"
    assert record.value is not None
    assert decode_owner(record.value).generation == 1


def test_a_higher_generation_is_not_disturbed(world: World) -> None:
    owner = world.take_over(generation=5)
    with pytest.raises(HigherGenerationError) as caught:
        world.take_over(generation=4)
    assert (caught.value.found, world.broker.epoch) == (5, 1)
    narrate(owner, 0, 3)
    assert owner.commit() is not None


def test_a_higher_generation_that_comes_in_between_is_seen(world: World) -> None:
    world.take_over(generation=1)
    at_step(world, "before fencing", lambda: world.take_over(generation=9).close())
    with pytest.raises(HigherGenerationError):
        world.take_over(generation=2)


def test_what_the_older_owner_commits_until_it_is_fenced_counts(world: World) -> None:
    old = world.take_over()
    narrate(old, 0, 3)

    def last_commit() -> None:
        assert old.commit() is not None

    at_step(world, "before fencing", last_commit)
    new = world.take_over()
    assert new.recovery.streams["a"].next_event == 1
    assert narrate(new, 0, 3) is None
    narrate(old, 4, 5)
    with pytest.raises(FencedError):
        old.commit()


def test_the_blob_before_is_taken_if_the_newest_is_lost(world: World) -> None:
    session = world.take_over()
    narrate(session, 0, 3, snapshot=True)
    session.commit()
    narrate(session, 4, 6)
    narrate(session, 7, 9, snapshot=True)
    session.commit()
    lose(world, b"state 9")
    recovery = world.take_over().recovery
    stream = recovery.streams["a"]
    assert (stream.snapshot, stream.covered, stream.next_offset) == (b"state 3", FramePosition(3), 4)
    assert [segment.end.offset for segment in stream.journal] == [6, 9]
    assert (stream.admission, stream.lost_state) == (AdmissionState(1, 3), False)
    assert (recovery.position, recovery.committed_position) == (4, 10)
    assert recovery.needed_from("a") == 4
    assert recovery.needed_from("unknown") == 10
    assert recovery.is_done("a", FramePosition(3))
    assert not recovery.is_done("a", FramePosition(4))


def test_without_any_blob_the_frames_since_the_beginning_do(world: World) -> None:
    session = world.take_over()
    narrate(session, 0, 3, snapshot=True)
    session.commit()
    world.store.blobs.clear()
    recovery = world.take_over().recovery
    stream = recovery.streams["a"]
    assert (stream.snapshot, stream.next_offset, stream.lost_state) == (None, 0, False)
    assert [segment.end.offset for segment in stream.journal] == [3]
    assert (recovery.position, recovery.committed_position) == (0, 4)


def test_without_those_either_the_stream_begins_anew_and_says_so(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    session = world.take_over()
    narrate(session, 0, 3, snapshot=True)
    narrate(session, 4, 6)
    session.commit()
    world.store.blobs.clear()
    world.broker.beginning = 2
    with caplog.at_level(logging.ERROR):
        session = world.take_over()
    stream = session.recovery.streams["a"]
    assert (stream.snapshot, stream.covered, stream.journal) == (None, FramePosition(6), ())
    assert (stream.admission, stream.next_event, stream.lost_state) == (AdmissionState(1, 6), 2, True)
    assert "stream a: its memory is lost and begins anew after offset 6" in caplog.text
    assert narrate(session, 4, 6) is None
    assert narrate(session, 7, 8) == 3
    session.commit()
    fault = events(world)[2]
    assert isinstance(fault, NoticeEvent)
    assert isinstance(fault.content, Fault)
    assert (fault.number, fault.content.kind) == (2, FaultKind.MEMORY_LOST)
    # Nothing of it is without a narration.
    assert (fault.content.after, fault.content.through) == (None, None)


def test_an_older_blob_with_a_gap_behind_it_is_better_than_none_and_says_so(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    session = world.take_over()
    narrate(session, 0, 3, snapshot=True)
    session.commit()
    narrate(session, 4, 9, snapshot=True)
    session.commit()
    lose(world, b"state 9")
    world.broker.beginning = 6
    recovery = world.take_over().recovery
    assert (recovery.streams["a"].snapshot, recovery.streams["a"].lost_state) == (b"state 3", True)
    assert (recovery.position, recovery.committed_position) == (6, 10)
    assert "frames after offset 3 are gone" in caplog.text


def test_a_store_that_does_not_answer_is_no_loss(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    session = world.take_over()
    narrate(session, 0, 3, snapshot=True)
    session.commit()

    def down(ref: object) -> bytes:
        raise StateStoreError("down")

    monkeypatch.setattr(world.store, "get", down)
    with pytest.raises(StateStoreError):
        world.take_over()
    monkeypatch.undo()
    assert world.take_over().recovery.streams["a"].snapshot == b"state 3"


def test_states_of_another_model_are_refused_and_their_owner_goes_on(world: World) -> None:
    session = world.take_over()
    narrate(session, 0, 3, snapshot=True)
    session.commit()
    with pytest.raises(OtherModelError, match="1 stream"):
        world.take_over(model_hash="other")
    narrate(session, 4, 5)
    assert session.commit() is not None


def test_states_that_came_at_the_last_moment_are_not_lost_to_another_model(world: World) -> None:
    session = world.take_over()

    def commit() -> None:
        narrate(session, 0, 3, snapshot=True)
        session.commit()

    at_step(world, "before fencing", commit)
    with pytest.raises(OtherModelError, match="1 stream"):
        world.take_over(model_hash="other")
    assert world.take_over().recovery.streams["a"].snapshot == b"state 3"


def test_if_their_loss_is_accepted_they_begin_anew(world: World) -> None:
    session = world.take_over()
    narrate(session, 0, 3, snapshot=True)
    session.commit()
    session = world.take_over(model_hash="other", accept_state_loss=True)
    stream = session.recovery.streams["a"]
    assert (stream.snapshot, stream.covered, stream.lost_state) == (None, FramePosition(3), True)
    narrate(session, 4, 5, snapshot=True)
    session.commit()
    assert world.take_over(model_hash="other").recovery.streams["a"].snapshot == b"state 5"


def test_an_ended_stream_loses_nothing_with_another_model(world: World) -> None:
    session = world.take_over()
    session.delivered("slow", 0)
    for offset in (1, 2):
        session.delivered("a", offset)
    session.ended("a", FramePosition(2), AdmissionState(1, 2))
    session.commit()
    stream = world.take_over(model_hash="other").recovery.streams["a"]
    assert (stream.ended, stream.lost_state, stream.admission) == (True, False, AdmissionState(1, 2))


def test_frames_deleted_before_they_were_read_are_told(world: World) -> None:
    session = world.take_over()
    narrate(session, 0, 3)
    session.commit()
    world.broker.beginning = 20
    recovery = world.take_over().recovery
    assert (recovery.position, recovery.lost_frames) == (20, (0, 19))


def test_deleted_frames_are_told_once_though_the_newer_state_is_lost_then(world: World) -> None:
    session = world.take_over()
    for offset in (3, 5):
        narrate(session, session.position, offset, snapshot=True)
        session.commit()
    world.broker.beginning = 20
    world.take_over().commit()
    lose(world, b"state 5")
    world.broker.beginning = 30
    world.take_over().commit()
    gaps = [e.content for e in events(world) if isinstance(e, NoticeEvent) and isinstance(e.content, Gap)]
    assert [gap.offsets for gap in gaps] == [(6, 19), (20, 29)]


def test_what_was_taken_before_deleted_frames_stays_known(world: World) -> None:
    session = world.take_over()
    narrate(session, 0, 3, snapshot=True)
    session.commit()
    for offset in (4, 5):
        session.delivered("a", offset)
        session.processed("a", FramePosition(offset), last_of_record=True)
    session.snapshotted("a", b"state 5", FramePosition(5), AdmissionState(1, 5))
    session.commit()
    lose(world, b"state 5")
    world.broker.beginning = 6
    stream = world.take_over().recovery.streams["a"]
    assert (stream.snapshot, stream.admission) == (b"state 3", AdmissionState(1, 5))


def test_a_state_that_is_given_up_is_not_deleted_before_that_is_committed(world: World) -> None:
    session = world.take_over()
    narrate(session, 0, 3, snapshot=True)
    session.commit()
    narrate(session, 4, 5)
    session.commit()
    world.broker.beginning = 20
    session = world.take_over()
    world.clock.now_s += 3600.0
    session.store()
    assert list(world.store.blobs.values()) == [b"state 3"]
    session.commit()
    assert not world.store.blobs


def test_another_topic_of_frames_is_refused_before_anybody_is_fenced(world: World) -> None:
    session = world.take_over()
    world.broker.topic_id = "another"
    with pytest.raises(TopicError, match="topic of frames id, and this is another"):
        world.take_over()
    narrate(session, 0, 3)
    assert session.commit() is not None


def test_a_position_behind_the_end_of_the_frames_is_refused(world: World) -> None:
    session = world.take_over()
    narrate(session, 0, 30, snapshot=True)
    session.commit()
    world.broker.frames = world.broker.frames[:10]
    with pytest.raises(OffsetOutOfRangeError) as caught:
        world.take_over()
    assert (caught.value.offset, caught.value.end) == (31, 10)
    assert "prefix" in caught.value.action


def test_a_record_that_cannot_be_read_says_where_it_is(world: World) -> None:
    log = world.broker.logs[TOPICS.checkpoints]
    log.append(Record(TOPICS.checkpoints, 0, 0, 0, b"a", b'{"v": 99}'))
    with pytest.raises(CheckpointRecordError, match=r"checkpoints \[0\] offset 0: .*version is 99"):
        world.take_over()


def test_keys_of_other_programs_are_passed_over(world: World) -> None:
    log = world.broker.logs[TOPICS.checkpoints]
    for key in (b"@control", b"@owner/1", b"@partition/7"):
        log.append(Record(TOPICS.checkpoints, 0, len(log), 0, key, b"whatever"))
    assert world.take_over().recovery.position == 0


def test_a_failed_sweep_stops_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*args: object) -> int:
        raise StateStoreError("down")

    monkeypatch.setattr(world.store, "sweep", down)
    assert world.take_over().is_alive
