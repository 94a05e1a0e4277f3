"""Gaps, left-out frames and faults are told once each, in the order of their stream, whatever dies."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.event_ledger import TELL_AFTER_S
from pipeline.commit.left_out import MAX_RANGES
from pipeline.commit.session import PartitionSession
from pipeline.kafka_io.records import Record
from pipeline.messages.dead_letter import DeadLetter
from pipeline.messages.events import Fault, FaultKind, FrameRange, Gap, GapKind, Shed, ShedReason, StreamEvent
from pipeline.reader.admission import AdmissionState
from pipeline.wire.narration_event import NarrationEvent
from pipeline.wire.stream_event import decode_stream_event
from tests.support.commit_model import TOPICS, World

MISSING = Gap(GapKind.MISSING_SEQUENCE, 1, 10, 40, sequences=(2, 3))
BROKEN = Fault(FaultKind.FRAME_REFUSED, 1, "not finite", 0)


@pytest.fixture
def world() -> World:
    world = World()
    world.broker.frames = [Record(TOPICS.frames, 0, offset, 0, b"a", b"frame") for offset in range(50)]
    return world


def told(world: World) -> list[tuple[int, Narration | StreamEvent]]:
    events = [decode_stream_event(r.value, r.headers) for r in world.broker.logs[TOPICS.narrations]]
    return [(e.number, e.narration if isinstance(e, NarrationEvent) else e.content) for e in events]


def notices(world: World) -> list[StreamEvent]:
    return [content for _, content in told(world) if not isinstance(content, Narration)]


def show(session: PartitionSession, offset: int, *gaps: Gap) -> None:
    """A record with one frame that the model takes."""
    session.delivered("a", offset)
    session.events.record_began("a", offset, gaps, 1, offset * 10)
    session.processed("a", FramePosition(offset), last_of_record=True)


def leave_out(session: PartitionSession, offset: int, reason: ShedReason = ShedReason.OVERLOAD) -> None:
    session.delivered("a", offset)
    session.events.record_began("a", offset, (), 1, offset * 10)
    session.events.left_out("a", FramePosition(offset), reason, 1, offset * 10)
    session.processed("a", FramePosition(offset), last_of_record=True)


def narrate(session: PartitionSession, start: int, end: int) -> int | None:
    narration = Narration(
        0, FramePosition(start), FramePosition(end), 0, 0, "text", (end,), math.nan, math.nan, False
    )
    return session.narrated("a", narration, AdmissionState(1, end), prompt_version="p")


def single(*offsets: int) -> tuple[FrameRange, ...]:
    return tuple(FrameRange(FramePosition(o), FramePosition(o), 1) for o in offsets)


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


def test_settings_of_a_new_stream_and_their_changes_are_repeated_by_a_replay(world: World) -> None:
    session = world.take_over()
    session.opened("a", "first")
    show(session, 0)
    narration = Narration(
        0, FramePosition(0), FramePosition(0), 0, 0, "text", (1,), math.nan, math.nan, False
    )
    session.narrated("a", narration, AdmissionState(1, 0), prompt_version="p", settings="second")
    session.commit()
    session = world.take_over()
    session.opened("a", "third")
    stream = session.recovery.streams["a"]
    assert (stream.settings, [segment.settings for segment in stream.journal]) == ("first", ["second"])


def test_settings_stay_with_a_stream_whose_first_frames_are_only_left_out_by_a_replay(world: World) -> None:
    session = world.take_over()
    leave_out(session, 0)
    session.opened("a", "first")
    show(session, 1)
    narrate(session, 1, 1)
    session.commit()
    session = world.take_over()
    leave_out(session, 0)
    session.snapshotted("a", None, FramePosition(0), AdmissionState(1, 0))
    session.commit()
    stream = world.take_over().recovery.streams["a"]
    assert (stream.covered, stream.settings) == (FramePosition(0), "first")
    assert [segment.end for segment in stream.journal] == [FramePosition(1)]


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


def test_a_refused_camera_document_is_in_the_dlq_once(world: World) -> None:
    letter = DeadLetter("cameras", 0, 5, 0, b"a", b"{", (), "camera-invalid", "no", "cameras")
    session = world.take_over()
    assert session.camera_refused(letter)
    assert not session.camera_refused(letter)
    session.commit()
    session = world.take_over()
    assert not session.camera_refused(letter)
    assert session.commit() is None
    assert len(world.broker.logs[TOPICS.dlq]) == 1
