"""Takeovers that find less than was there: lost blobs, another model's states, deleted frames."""

from __future__ import annotations

import logging

import pytest

from operators.narrator.types import FramePosition
from pipeline.errors import StateStoreError
from pipeline.messages.events import Fault, FaultKind, Gap
from pipeline.reader.admission import AdmissionState
from tests.support.commit_model import World
from tests.support.session_steps import notices, show_and_narrate, told


def lose(world: World, text: bytes) -> None:
    for key in [key for key, data in world.store.blobs.items() if data == text]:
        del world.store.blobs[key]


def test_the_blob_before_is_taken_if_the_newest_is_lost(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 3, snapshot=True)
    session.commit()
    show_and_narrate(session, 4, 6)
    show_and_narrate(session, 7, 9, snapshot=True)
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
    show_and_narrate(session, 0, 3, snapshot=True)
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
    show_and_narrate(session, 0, 3, snapshot=True)
    show_and_narrate(session, 4, 6)
    session.commit()
    world.store.blobs.clear()
    world.broker.beginning = 2
    with caplog.at_level(logging.ERROR):
        session = world.take_over()
    stream = session.recovery.streams["a"]
    assert (stream.snapshot, stream.covered, stream.journal) == (None, FramePosition(6), ())
    assert (stream.admission, stream.next_event, stream.lost_state) == (AdmissionState(1, 6), 2, True)
    assert "stream a: its memory is lost and begins anew after offset 6" in caplog.text
    assert show_and_narrate(session, 4, 6) is None
    assert show_and_narrate(session, 7, 8) == 3
    session.commit()
    number, fault = told(world)[2]
    assert isinstance(fault, Fault)
    assert (number, fault.kind) == (2, FaultKind.MEMORY_LOST)
    # Nothing of it is without a narration.
    assert (fault.after, fault.through) == (None, None)


def test_an_older_blob_with_a_gap_behind_it_is_better_than_none_and_says_so(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 3, snapshot=True)
    session.commit()
    show_and_narrate(session, 4, 9, snapshot=True)
    session.commit()
    lose(world, b"state 9")
    world.broker.beginning = 6
    recovery = world.take_over().recovery
    assert (recovery.streams["a"].snapshot, recovery.streams["a"].lost_state) == (b"state 3", True)
    assert (recovery.position, recovery.committed_position) == (6, 10)
    assert "frames after offset 3 are gone" in caplog.text


def test_a_store_that_does_not_answer_is_no_loss(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 3, snapshot=True)
    session.commit()

    def down(ref: object) -> bytes:
        raise StateStoreError("down")

    monkeypatch.setattr(world.store, "get", down)
    with pytest.raises(StateStoreError):
        world.take_over()
    monkeypatch.undo()
    assert world.take_over().recovery.streams["a"].snapshot == b"state 3"


def test_states_of_another_model_begin_anew_if_their_loss_is_accepted(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 3, snapshot=True)
    session.commit()
    session = world.take_over(model_hash="other", accept_state_loss=True)
    stream = session.recovery.streams["a"]
    assert (stream.snapshot, stream.covered, stream.lost_state) == (None, FramePosition(3), True)
    show_and_narrate(session, 4, 5, snapshot=True)
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
    show_and_narrate(session, 0, 3)
    session.commit()
    world.broker.beginning = 20
    recovery = world.take_over().recovery
    assert (recovery.position, recovery.lost_frames) == (20, (0, 19))


def test_deleted_frames_are_told_once_though_the_newer_state_is_lost_then(world: World) -> None:
    session = world.take_over()
    for offset in (3, 5):
        show_and_narrate(session, session.position, offset, snapshot=True)
        session.commit()
    world.broker.beginning = 20
    world.take_over().commit()
    lose(world, b"state 5")
    world.broker.beginning = 30
    world.take_over().commit()
    assert [notice.offsets for notice in notices(world) if isinstance(notice, Gap)] == [(6, 19), (20, 29)]


def test_what_was_taken_before_deleted_frames_stays_known(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 3, snapshot=True)
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
    show_and_narrate(session, 0, 3, snapshot=True)
    session.commit()
    show_and_narrate(session, 4, 5)
    session.commit()
    world.broker.beginning = 20
    session = world.take_over()
    world.clock.now_s += 3600.0
    session.store()
    assert list(world.store.blobs.values()) == [b"state 3"]
    session.commit()
    assert not world.store.blobs
