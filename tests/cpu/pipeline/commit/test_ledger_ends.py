"""What is remembered of streams that ended, and for how long."""

from __future__ import annotations

from operators.narrator.types import FramePosition
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import BaseState, StreamCheckpoint
from pipeline.commit.special_streams import REMEMBER_ENDED_MS
from pipeline.commit.stream_ledger import PendingSnapshot
from tests.support.ledger_steps import SEEN, frames, ledger, narrate, record_of, snapshot


def test_the_end_of_a_stream_may_narrate_frames_that_are_inside_a_snapshot() -> None:
    book = ledger()
    frames(book, "a", 0, 1, 2)
    narrate(book, "a", 0, 0)
    snapshot(book, "a", 2)
    book.delivered("a", 3, None, 0.0)
    assert narrate(book, "a", 1, 2) == 1
    record = record_of(book, "a")
    assert record is not None
    assert record.narrated_through == FramePosition(2)
    assert narrate(book, "a", 1, 2) is None
    book.ended("a", FramePosition(3), SEEN, None, 0.0)
    assert narrate(book, "a", 1, 3) is None


def test_an_ended_stream_gets_its_tombstone_when_the_position_has_passed_its_end() -> None:
    book = ledger()
    frames(book, "slow", 0)
    frames(book, "a", 1, 2)
    narrate(book, "a", 1, 2)
    blob = snapshot(book, "a", 1)
    book.ended("a", FramePosition(2), SEEN, None, 0.0)
    plan = book.plan(0.0, 0)
    assert plan is not None
    assert plan.garbage == (blob,)
    assert dict(plan.checkpoints)["a"] == StreamCheckpoint(
        "m",
        BaseState(FramePosition(2), True, SEEN),
        FramePosition(2),
        admission=SEEN,
        next_event=1,
        dead_lettered_through=-1,
        ended=True,
    )
    assert book.plan(0.0, 0) is None
    snapshot(book, "slow", 0)
    plan = book.plan(0.0, 0)
    assert plan is not None
    assert plan.partition.position == 3
    assert dict(plan.checkpoints)["a"] is None
    assert book.plan(0.0, 0) is None


def test_a_stream_that_ended_and_comes_back_begins_a_new_state() -> None:
    book = ledger()
    frames(book, "slow", 0)
    frames(book, "a", 1)
    narrate(book, "a", 1, 1)
    book.ended("a", FramePosition(1), SEEN, None, 0.0)
    book.plan(0.0, 0)
    frames(book, "a", 2)
    assert narrate(book, "a", 2, 2) == 1
    record = record_of(book, "a")
    assert record is not None
    assert not record.ended
    assert record.base == BaseState(FramePosition(1), True, SEEN)
    assert [segment.end.offset for segment in record.journal] == [2]
    snapshot(book, "slow", 0)
    assert book.position == 2
    plan = book.plan(0.0, 0)
    assert plan is not None
    assert "a" not in dict(plan.checkpoints)


def test_a_stream_that_ended_is_remembered_while_a_record_of_it_is_on_its_way() -> None:
    book = ledger()
    frames(book, "a", 0)
    narrate(book, "a", 0, 0)
    book.ended("a", FramePosition(0), SEEN, None, 0.0)
    book.delivered("a", 1, None, 0.0)
    record = record_of(book, "a")
    assert record is not None
    assert record.ended
    frames(book, "a", 1)
    assert narrate(book, "a", 1, 1) == 1


def test_the_end_of_a_stream_is_remembered_for_an_hour() -> None:
    book = ledger()
    frames(book, "a", 0)
    narrate(book, "a", 0, 0)
    book.ended("a", FramePosition(0), SEEN.at(0, 1000, ended=True), None, 0.0)
    assert book.plan(0.0, 2000) is not None
    assert book.plan(0.0, 1000 + REMEMBER_ENDED_MS - 1) is None
    plan = book.plan(0.0, 1000 + REMEMBER_ENDED_MS)
    assert plan is not None
    assert dict(plan.checkpoints) == {"a": None}


def test_a_stream_that_came_back_is_forgotten_an_hour_after_its_last_end() -> None:
    book = ledger()
    frames(book, "a", 0)
    book.ended("a", FramePosition(0), SEEN.at(0, 1000, ended=True), None, 0.0)
    book.plan(0.0, 1000)
    frames(book, "a", 1)
    narrate(book, "a", 1, 1)
    book.ended("a", FramePosition(1), SEEN.at(0, 5000, ended=True), None, 0.0)
    plan = book.plan(0.0, 1000 + REMEMBER_ENDED_MS)
    assert plan is not None
    assert dict(plan.checkpoints)["a"] is not None
    plan = book.plan(0.0, 5000 + REMEMBER_ENDED_MS)
    assert plan is not None
    assert dict(plan.checkpoints) == {"a": None}


def test_a_snapshot_of_a_new_state_means_that_the_stream_has_not_ended() -> None:
    book = ledger()
    frames(book, "slow", 0)
    frames(book, "a", 1)
    book.ended("a", FramePosition(1), SEEN, None, 0.0)
    book.plan(0.0, 0)
    frames(book, "a", 2)
    snapshot(book, "a", 2)
    record = record_of(book, "a")
    assert record is not None
    assert not record.ended


def test_a_snapshot_that_is_stored_after_the_end_is_garbage() -> None:
    book = ledger()
    frames(book, "slow", 0)
    frames(book, "a", 1, 2)
    pending = PendingSnapshot("a", b"x", FramePosition(1), SEEN)
    book.snapshots.taken(pending, 0.0)
    book.ended("a", FramePosition(2), SEEN, None, 0.0)
    assert book.snapshots.pending() == []
    blob = BlobRef("late", "", 1)
    book.snapshots.stored(pending, blob)
    plan = book.plan(0.0, 0)
    assert plan is not None
    assert plan.garbage == (blob,)
    record = dict(plan.checkpoints)["a"]
    assert record is not None
    assert record.blobs == frozenset()
