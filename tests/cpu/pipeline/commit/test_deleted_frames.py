"""Frames that Kafka deleted although a stream's state needed them: told once, and never repeated half."""

from __future__ import annotations

from operators.narrator.types import FramePosition
from pipeline.commit.checkpoint_record import MAX_INDEX
from pipeline.messages.events import Fault, FaultKind, Gap, GapKind
from pipeline.reader.admission import AdmissionState
from tests.support.commit_model import World
from tests.support.session_steps import notices, show_and_narrate


def kinds(world: World) -> list[FaultKind | GapKind]:
    return [notice.kind for notice in notices(world) if isinstance(notice, Fault | Gap)]


def test_a_memory_that_lacks_narrated_frames_is_told_once(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 3, snapshot=True)
    show_and_narrate(session, 4, 9)
    session.commit()
    world.broker.beginning = 8
    session = world.take_over()
    stream = session.recovery.streams["a"]
    assert (stream.snapshot, stream.covered) == (b"state 3", FramePosition(7, MAX_INDEX))
    assert [segment.end.offset for segment in stream.journal] == [9]
    assert (stream.lost_state, session.recovery.position) == (True, 8)
    session.commit()
    session = world.take_over()
    assert not session.recovery.streams["a"].lost_state
    session.commit()
    assert kinds(world) == [FaultKind.MEMORY_LOST]


def test_a_state_whose_segment_was_narrated_behind_it_is_of_no_use(world: World) -> None:
    """The segment would still be open in it, and would be narrated a second time."""
    session = world.take_over()
    show_and_narrate(session, 0, 3, snapshot=True)
    show_and_narrate(session, 4, 6)
    show_and_narrate(session, 7, 9)
    session.commit()
    world.broker.beginning = 8
    session = world.take_over()
    stream = session.recovery.streams["a"]
    assert (stream.snapshot, stream.covered, stream.journal) == (None, FramePosition(9), ())
    assert stream.lost_state
    session.commit()
    world.take_over().commit()
    assert kinds(world) == [FaultKind.MEMORY_LOST]


def test_frames_that_nobody_narrated_are_a_gap_and_the_memory_goes_on(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 3, snapshot=True)
    session.commit()
    world.broker.beginning = 8
    session = world.take_over()
    assert session.recovery.streams["a"].snapshot == b"state 3"
    assert session.recovery.streams["a"].lost_state
    session.commit()
    world.take_over().commit()
    assert notices(world) == [Gap(GapKind.DELETED, 1, 0, None, offsets=(4, 7))]


def test_narrations_are_not_repeated_without_the_first_frame(world: World) -> None:
    """An engine must narrate the frame that it begins with, and the journal does not know what."""
    session = world.take_over()
    show_and_narrate(session, 0, 0)
    show_and_narrate(session, 1, 4)
    session.commit()
    world.broker.beginning = 2
    session = world.take_over()
    stream = session.recovery.streams["a"]
    assert (stream.snapshot, stream.covered, stream.journal) == (None, FramePosition(4), ())
    assert stream.lost_state
    session.commit()
    world.take_over().commit()
    assert kinds(world) == [FaultKind.MEMORY_LOST]


def test_a_quiet_stream_does_not_need_what_others_left_behind(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 3, snapshot=True)
    for offset in range(4, 20):
        session.delivered("b", offset)
    session.ended("b", FramePosition(19), AdmissionState(1, 0))
    session.commit()
    world.broker.beginning = 15
    session = world.take_over()
    stream = session.recovery.streams["a"]
    assert (stream.snapshot, stream.covered, stream.lost_state) == (b"state 3", FramePosition(3), False)
    session.commit()
    assert kinds(world) == []
