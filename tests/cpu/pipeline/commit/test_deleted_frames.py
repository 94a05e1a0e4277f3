"""Frames that Kafka deleted although a stream's state needed them: told once, and never repeated half."""

from __future__ import annotations

import pytest

from operators.narrator.types import FramePosition
from pipeline.commit.checkpoint_record import MAX_INDEX
from pipeline.commit.session import PartitionSession
from pipeline.kafka_io.records import Record
from pipeline.messages.events import Fault, FaultKind, Gap, GapKind, StreamEvent
from pipeline.reader.admission import AdmissionState
from pipeline.wire.notice_event import NoticeEvent
from pipeline.wire.stream_event import decode_stream_event
from tests.support.commit_model import TOPICS, World
from tests.support.narrations import narration


@pytest.fixture
def world() -> World:
    world = World()
    world.broker.frames = [Record(TOPICS.frames, 0, offset, 0, b"a", b"frame") for offset in range(50)]
    return world


def show(session: PartitionSession, first: int, last: int, *, snapshot: bool = False) -> None:
    """Frames of which the last one is narrated, and perhaps snapshotted."""
    for offset in range(first, last + 1):
        session.delivered("a", offset)
        session.processed("a", FramePosition(offset), last_of_record=True)
    session.narrated("a", narration(first, last), AdmissionState(1, last), prompt_version="p")
    if snapshot:
        session.snapshotted("a", b"state %d" % last, FramePosition(last), AdmissionState(1, last))


def notices(world: World) -> list[StreamEvent]:
    events = [decode_stream_event(r.value, r.headers) for r in world.broker.logs[TOPICS.narrations]]
    return [event.content for event in events if isinstance(event, NoticeEvent)]


def kinds(world: World) -> list[FaultKind | GapKind]:
    return [notice.kind for notice in notices(world) if isinstance(notice, Fault | Gap)]


def test_a_memory_that_lacks_narrated_frames_is_told_once(world: World) -> None:
    session = world.take_over()
    show(session, 0, 3, snapshot=True)
    show(session, 4, 9)
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
    show(session, 0, 3, snapshot=True)
    show(session, 4, 6)
    show(session, 7, 9)
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
    show(session, 0, 3, snapshot=True)
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
    show(session, 0, 0)
    show(session, 1, 4)
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
    show(session, 0, 3, snapshot=True)
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
