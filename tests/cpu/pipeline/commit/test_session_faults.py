"""Faults are told once, with the frames that went unnarrated for them."""

from __future__ import annotations

from dataclasses import replace

from operators.narrator.types import FramePosition
from pipeline.messages.events import Fault, FaultKind
from pipeline.reader.admission import AdmissionState
from tests.support.commit_model import World
from tests.support.session_steps import BROKEN, leave_out, narrate, notices, show, single


def test_a_refused_frame_is_told_once_and_left_out_of_every_replay(world: World) -> None:
    session = world.take_over()
    show(session, 0)
    session.delivered("a", 1)
    session.events.refused("a", FramePosition(1), BROKEN)
    session.processed("a", FramePosition(1), last_of_record=True)
    session.commit()
    session = world.take_over()
    assert session.recovery.streams["a"].left_out == single(1)
    show(session, 0)
    leave_out(session, 1)
    session.commit()
    session.events.refused("a", FramePosition(1), BROKEN)
    session.commit()
    assert notices(world) == [replace(BROKEN, after=FramePosition(0), through=FramePosition(1))]


def test_a_refused_frame_names_the_one_before_it_in_its_record(world: World) -> None:
    session = world.take_over()
    session.delivered("a", 0)
    session.events.refused("a", FramePosition(0), BROKEN)
    session.processed("a", FramePosition(0), last_of_record=False)
    session.events.refused("a", FramePosition(0, 1), BROKEN)
    session.commit()
    first, second = FramePosition(0), FramePosition(0, 1)
    assert notices(world) == [replace(BROKEN, through=first), replace(BROKEN, after=first, through=second)]


def test_lost_memory_is_told_with_the_frames_that_no_narration_will_cover(world: World) -> None:
    session = world.take_over()
    for offset in range(4):
        show(session, offset)
    narrate(session, 0, 1)
    session.snapshotted("a", b"state", FramePosition(3), AdmissionState(1, 3))
    session.commit()
    world.store.blobs.clear()
    # The first frames are gone, so that the state can't be made again from them either.
    world.broker.beginning = 2
    for _ in range(2):
        world.take_over().commit()
    (fault,) = notices(world)
    assert isinstance(fault, Fault)
    assert fault.kind is FaultKind.MEMORY_LOST
    assert (fault.after, fault.through) == (FramePosition(1), FramePosition(3))


def test_a_state_that_cannot_be_used_is_told_once_and_never_loaded_again(world: World) -> None:
    session = world.take_over()
    for offset in range(4):
        show(session, offset)
    narrate(session, 0, 1)
    session.snapshotted("a", b"unusable", FramePosition(3), AdmissionState(1, 3))
    session.commit()
    session = world.take_over()
    assert session.recovery.streams["a"].snapshot == b"unusable"
    session.events.memory_lost("a", Fault(FaultKind.MEMORY_LOST, 1, "old format", 0))
    session.commit()
    recovery = world.take_over().recovery
    assert (recovery.position, recovery.streams["a"].snapshot) == (4, None)
    assert notices(world) == [
        Fault(FaultKind.MEMORY_LOST, 1, "old format", 0, FramePosition(1), FramePosition(3))
    ]
    assert not world.store.blobs


def test_what_was_narrated_is_not_shown_to_a_memory_that_begins_anew(world: World) -> None:
    session = world.take_over()
    for offset in range(6):
        show(session, offset)
        if offset == 1:
            session.snapshotted("a", b"unusable", FramePosition(1), AdmissionState(1, 1))
    narrate(session, 0, 4)
    session.commit()
    session = world.take_over()
    fault = Fault(FaultKind.MEMORY_LOST, 1, "old format", 0)
    assert session.events.memory_lost("a", fault) == FramePosition(4)
    session.commit()
    assert session.commit() is None
    stream = world.take_over().recovery.streams["a"]
    assert (stream.snapshot, stream.covered, stream.journal) == (None, FramePosition(4), ())
    assert notices(world) == [fault]
