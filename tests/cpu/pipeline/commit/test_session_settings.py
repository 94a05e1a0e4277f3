"""Settings of cameras: replays repeat them, and documents that are refused become dead letters once."""

from __future__ import annotations

from operators.narrator.types import FramePosition
from pipeline.messages.dead_letter import DeadLetter
from pipeline.reader.admission import AdmissionState
from tests.support.commit_model import TOPICS, World
from tests.support.narrations import narration
from tests.support.session_steps import leave_out, narrate, show


def test_settings_of_a_new_stream_and_their_changes_are_repeated_by_a_replay(world: World) -> None:
    session = world.take_over()
    session.opened("a", "first")
    show(session, 0)
    session.narrated("a", narration(0, 0), AdmissionState(1, 0), prompt_version="p", settings="second")
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
