"""Gaps are told once each, in the order of their stream, whatever dies."""

from __future__ import annotations

from operators.narrator.types import FramePosition
from pipeline.messages.events import Gap, GapKind
from pipeline.reader.admission import AdmissionState
from tests.support.commit_model import World
from tests.support.session_steps import MISSING, narrate, notices, show, told


def test_a_gap_is_told_before_the_narration_of_the_frame_behind_it(world: World) -> None:
    session = world.take_over()
    show(session, 0)
    narrate(session, 0, 0)
    show(session, 1, MISSING)
    narrate(session, 1, 1)
    session.commit()
    assert [number for number, _ in told(world)] == [0, 1, 2]
    assert told(world)[1] == (1, MISSING)


def test_a_replay_tells_no_gap_again_but_those_that_were_not_committed(world: World) -> None:
    session = world.take_over()
    show(session, 0)
    show(session, 1, MISSING)
    session.commit()
    later = Gap(GapKind.CLOCK_JUMP, 1, 20, 90)
    show(session, 2, later)
    session = world.take_over()
    assert session.recovery.position == 0
    show(session, 0)
    show(session, 1, MISSING)
    show(session, 2, later)
    session.commit()
    assert notices(world) == [MISSING, later]


def test_silence_is_told_once_and_that_the_stream_is_back_with_its_next_record(world: World) -> None:
    session = world.take_over()
    show(session, 0)
    assert session.events.fell_silent("a", 1, 0)
    assert not session.events.fell_silent("a", 1, 0)
    session.commit()
    session = world.take_over()
    assert session.recovery.streams["a"].is_silent
    # The frame that was there before the silence is replayed: nothing is back yet.
    show(session, 0)
    assert not session.events.fell_silent("a", 1, 0)
    session.commit()
    assert notices(world) == [Gap(GapKind.SILENT, 1, 0, None)]
    show(session, 7, MISSING)
    session.commit()
    assert notices(world)[1:] == [Gap(GapKind.BACK, 1, 0, 70), MISSING]
    assert session.events.fell_silent("a", 1, 70)


def test_a_silence_that_nobody_noticed_in_time_is_told_when_it_is_over(world: World) -> None:
    found = (Gap(GapKind.SILENT, 1, 0, None), Gap(GapKind.BACK, 1, 0, 70))
    session = world.take_over()
    show(session, 0)
    show(session, 7, *found)
    session.commit()
    assert notices(world) == list(found)
    session.events.fell_silent("a", 1, 70)
    later = (Gap(GapKind.SILENT, 1, 70, None), Gap(GapKind.BACK, 1, 70, 150))
    show(session, 15, *later)
    session.commit()
    assert notices(world)[2:] == list(later)


def test_an_ended_stream_is_not_silent(world: World) -> None:
    session = world.take_over()
    show(session, 0)
    session.delivered("a", 1)
    session.ended("a", FramePosition(1), AdmissionState(1, 1))
    assert not session.events.fell_silent("a", 1, 0)


def test_frames_that_kafka_deleted_before_they_were_narrated_are_told_once(world: World) -> None:
    session = world.take_over()
    show(session, 0)
    narrate(session, 0, 0)
    session.snapshotted("a", b"state", FramePosition(0), AdmissionState(1, 0, last_capture_ns=7))
    session.commit()
    world.broker.beginning = 20
    for _ in range(2):
        world.take_over().commit()
    assert notices(world) == [Gap(GapKind.DELETED, 1, 7, None, offsets=(1, 19))]
