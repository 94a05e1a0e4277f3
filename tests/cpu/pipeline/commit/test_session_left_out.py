"""Left-out frames are told once, with what nothing else covers, and left out of every replay."""

from __future__ import annotations

from dataclasses import replace

from operators.narrator.types import FramePosition
from pipeline.commit.event_ledger import TELL_AFTER_S
from pipeline.commit.left_out import MAX_RANGES
from pipeline.messages.dead_letter import DeadLetter
from pipeline.messages.events import Fault, FaultKind, FrameRange, Shed, ShedReason
from pipeline.reader.admission import AdmissionState
from tests.support.commit_model import TOPICS, World
from tests.support.session_steps import MISSING, leave_out, narrate, notices, show, single, told


def test_left_out_frames_are_told_with_the_narration_of_their_segment(world: World) -> None:
    session = world.take_over()
    show(session, 0)
    leave_out(session, 1)
    leave_out(session, 2)
    show(session, 3)
    leave_out(session, 4)
    leave_out(session, 5, ShedReason.RATE)
    show(session, 6)
    assert session.commit() is None
    assert narrate(session, 0, 6) == 2
    session.commit()
    overload = Shed(
        ShedReason.OVERLOAD,
        1,
        10,
        40,
        (FrameRange(FramePosition(1), FramePosition(2), 2), *single(4)),
    )
    assert notices(world) == [overload, Shed(ShedReason.RATE, 1, 50, 50, single(5))]
    assert [number for number, _ in told(world)] == [0, 1, 2]


def test_a_refused_record_is_in_no_range_of_left_out_frames(world: World) -> None:
    """It is covered by its dead letter, and a replay must refuse it again instead of leaving it out."""
    session = world.take_over()
    leave_out(session, 0)
    session.delivered("a", 1)
    session.dead_lettered(
        "a", DeadLetter(TOPICS.frames, 0, 1, 0, b"a", b"bad", (), "image-corrupt", "bad", "reader")
    )
    leave_out(session, 2)
    session.commit()
    assert notices(world) == [Shed(ShedReason.OVERLOAD, 1, 0, 0, single(0))], "with the dead letter"
    world.clock.now_s += TELL_AFTER_S
    session.commit()
    assert notices(world)[1:] == [Shed(ShedReason.OVERLOAD, 1, 20, 20, single(2))]


def test_a_stream_of_which_frames_were_left_out_since_its_end_is_not_forgotten(world: World) -> None:
    """Else its events would be numbered from 0 again, in the same epoch, and the frames decided on anew."""
    session = world.take_over()
    show(session, 0)
    narrate(session, 0, 0)
    session.delivered("a", 1)
    session.ended("a", FramePosition(1), AdmissionState(1, 1))
    leave_out(session, 2)
    show(session, 3)
    world.clock.now_s += TELL_AFTER_S
    session.commit()
    session = world.take_over()
    session.delivered("b", session.recovery.position)
    letter = DeadLetter(TOPICS.frames, 0, 9, 0, b"b", b"bad", (), "image-corrupt", "bad", "reader")
    session.dead_lettered("b", letter)
    session.commit()
    stream = world.take_over().recovery.streams["a"]
    assert (stream.left_out, stream.next_event) == (single(2), 2)


def test_after_some_seconds_they_are_told_without_a_narration(world: World) -> None:
    session = world.take_over()
    leave_out(session, 0)
    assert session.commit() is None
    world.clock.now_s += TELL_AFTER_S
    assert session.commit() is not None
    leave_out(session, 1)
    world.clock.now_s += TELL_AFTER_S
    session.commit()
    assert notices(world) == [Shed(ShedReason.OVERLOAD, 1, o * 10, o * 10, single(o)) for o in (0, 1)]


def test_many_ranges_are_told_at_once(world: World) -> None:
    session = world.take_over()
    for offset in range(0, 2 * MAX_RANGES, 2):
        leave_out(session, offset)
        show(session, offset + 1)
    session.commit()
    assert [notice.num_frames for notice in notices(world) if isinstance(notice, Shed)] == [MAX_RANGES]


def test_a_replay_is_told_which_frames_to_leave_out_and_tells_nothing_twice(world: World) -> None:
    session = world.take_over()
    show(session, 0)
    leave_out(session, 1)
    show(session, 2)
    narrate(session, 0, 2)
    session.commit()
    leave_out(session, 3)
    session = world.take_over()
    stream = session.recovery.streams["a"]
    assert (stream.left_out, stream.decided_through) == (single(1), FramePosition(2))
    show(session, 0)
    leave_out(session, 1)
    show(session, 2)
    # Nothing was committed of this one: it may be shown now.
    show(session, 3)
    assert narrate(session, 0, 2) is None
    narrate(session, 3, 3)
    session.commit()
    assert notices(world) == [Shed(ShedReason.OVERLOAD, 1, 10, 10, single(1))]


def test_a_snapshot_tells_what_was_left_out_before_it(world: World) -> None:
    session = world.take_over()
    show(session, 0)
    leave_out(session, 1)
    session.snapshotted("a", b"state", FramePosition(1), AdmissionState(1, 1))
    session.commit()
    assert notices(world) == [Shed(ShedReason.OVERLOAD, 1, 10, 10, single(1))]
    recovery = world.take_over().recovery
    assert (recovery.position, recovery.streams["a"].left_out) == (2, ())


def test_a_stream_of_which_nothing_was_ever_shown_moves_on_without_a_blob(world: World) -> None:
    session = world.take_over()
    leave_out(session, 0, ShedReason.DISABLED)
    leave_out(session, 1, ShedReason.DISABLED)
    session.snapshotted("a", None, FramePosition(1), AdmissionState(1, 1))
    session.commit()
    assert not world.store.blobs
    recovery = world.take_over().recovery
    assert recovery.position == 2
    assert recovery.streams["a"].snapshot is None
    assert recovery.streams["a"].admission == AdmissionState(1, 1)


def test_the_end_of_a_stream_tells_what_was_left_out_and_what_nothing_covers(world: World) -> None:
    session = world.take_over()
    show(session, 0)
    leave_out(session, 1)
    fault = Fault(FaultKind.UNNARRATED, 1, "folded", 0)
    session.ended("a", FramePosition(1), AdmissionState(1, 1, ended=True), fault)
    session.commit()
    uncovered = replace(fault, after=None, through=FramePosition(1))
    assert notices(world) == [Shed(ShedReason.OVERLOAD, 1, 10, 10, single(1)), uncovered]


def test_a_stream_of_which_something_was_told_after_its_end_is_not_forgotten(world: World) -> None:
    """Its events would be told again, under the same numbers."""
    session = world.take_over()
    show(session, 0)
    session.delivered("a", 1)
    session.ended("a", FramePosition(1), AdmissionState(1, 1, ended=True))
    session.delivered("b", 2)
    show(session, 3, MISSING)
    leave_out(session, 4)
    world.clock.now_s += TELL_AFTER_S
    session.commit()
    assert [number for number, _ in told(world)] == [0, 1]
    session = world.take_over()
    session.delivered("b", 2)
    session.ended("b", FramePosition(2), AdmissionState(1, 0, ended=True))
    session.commit()
    assert session.position == 3
    show(session, 3, MISSING)
    leave_out(session, 4)
    world.clock.now_s += TELL_AFTER_S
    session.commit()
    assert [number for number, _ in told(world)] == [0, 1]
