"""Takeovers on the model of Kafka and Redis: whom they refuse, whom they fence, what they can't read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pipeline.commit.checkpoint_json import decode_owner
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
from tests.support.commit_model import TOPICS, World
from tests.support.session_steps import show_and_narrate


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
    show_and_narrate(owner, 0, 3)
    assert owner.commit() is not None


def test_a_higher_generation_that_comes_in_between_is_seen(world: World) -> None:
    world.take_over(generation=1)
    at_step(world, "before fencing", lambda: world.take_over(generation=9).close())
    with pytest.raises(HigherGenerationError):
        world.take_over(generation=2)


def test_what_the_older_owner_commits_until_it_is_fenced_counts(world: World) -> None:
    old = world.take_over()
    show_and_narrate(old, 0, 3)

    def last_commit() -> None:
        assert old.commit() is not None

    at_step(world, "before fencing", last_commit)
    new = world.take_over()
    assert new.recovery.streams["a"].next_event == 1
    assert show_and_narrate(new, 0, 3) is None
    show_and_narrate(old, 4, 5)
    with pytest.raises(FencedError):
        old.commit()


def test_states_of_another_model_are_refused_and_their_owner_goes_on(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 3, snapshot=True)
    session.commit()
    with pytest.raises(OtherModelError, match="1 stream"):
        world.take_over(model_hash="other")
    show_and_narrate(session, 4, 5)
    assert session.commit() is not None


def test_states_that_came_at_the_last_moment_are_not_lost_to_another_model(world: World) -> None:
    session = world.take_over()

    def commit() -> None:
        show_and_narrate(session, 0, 3, snapshot=True)
        session.commit()

    at_step(world, "before fencing", commit)
    with pytest.raises(OtherModelError, match="1 stream"):
        world.take_over(model_hash="other")
    assert world.take_over().recovery.streams["a"].snapshot == b"state 3"


def test_another_topic_of_frames_is_refused_before_anybody_is_fenced(world: World) -> None:
    session = world.take_over()
    world.broker.topic_id = "another"
    with pytest.raises(TopicError, match="topic of frames id, and this is another"):
        world.take_over()
    show_and_narrate(session, 0, 3)
    assert session.commit() is not None


def test_a_position_behind_the_end_of_the_frames_is_refused(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 30, snapshot=True)
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
