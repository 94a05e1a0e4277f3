"""The bookkeeping of one partition, step by step."""

from __future__ import annotations

from operators.narrator.types import FramePosition
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import BaseState, JournalSegment, PartitionCheckpoint, StreamCheckpoint
from pipeline.commit.stream_ledger import PendingSnapshot
from tests.support.ledger_steps import (
    SEEN,
    frames,
    ledger,
    letter,
    narrate,
    record_of,
    snapshot,
    stored_through,
)


def test_nothing_is_planned_when_nothing_happened() -> None:
    book = ledger()
    assert book.plan(0.0, 0) is None
    frames(book, "a", 0, 1)
    assert book.plan(0.0, 0) is None
    narrate(book, "a", 0, 1)
    assert book.plan(0.0, 0) is not None
    assert book.plan(0.0, 0) is None


def test_frames_stay_needed_until_a_snapshot_is_stored() -> None:
    book = ledger()
    frames(book, "a", 0, 1, 2)
    narrate(book, "a", 0, 2)
    plan = book.plan(0.0, 0)
    assert plan is not None
    assert plan.partition.position == 0
    book.snapshots.taken(PendingSnapshot("a", b"x", FramePosition(1), SEEN), 0.0)
    assert book.position == 0
    (pending,) = book.snapshots.pending()
    book.snapshots.stored(pending, BlobRef("k", "", 1))
    assert book.position == 2
    plan = book.plan(0.0, 0)
    assert plan is not None
    record = dict(plan.checkpoints)["a"]
    assert record is not None
    assert record.base == BaseState(FramePosition(1), True, SEEN, BlobRef("k", "", 1))
    assert record.previous == BaseState.fresh(0)
    assert [segment.end.offset for segment in record.journal] == [2]


def test_the_journal_reaches_back_to_the_state_before_and_no_further() -> None:
    book = ledger()
    for offset in range(6):
        frames(book, "a", offset)
        narrate(book, "a", offset, offset)
        if offset % 2:
            snapshot(book, "a", offset)
    record = record_of(book, "a")
    assert record is not None
    assert record.previous is not None
    assert (record.previous.position.offset, record.base.position.offset) == (3, 5)
    assert [segment.end.offset for segment in record.journal] == [4, 5]


def test_only_the_blob_before_the_one_before_is_garbage() -> None:
    book = ledger()
    blobs = []
    for offset in range(4):
        frames(book, "a", offset)
        blobs.append(snapshot(book, "a", offset))
    plan = book.plan(0.0, 0)
    assert plan is not None
    assert plan.garbage == tuple(blobs[:2])


def test_a_snapshot_inside_a_record_leaves_the_record_open() -> None:
    book = ledger()
    book.delivered("a", 0, None, 0.0)
    book.processed("a", FramePosition(0, 0), False, 0.0)
    snapshot(book, "a", 0, 0)
    assert book.position == 0
    record = record_of(book, "a")
    assert record is not None
    assert (record.base.complete, record.base.next_offset) == (False, 0)
    book.processed("a", FramePosition(0, 1), True, 0.0)
    snapshot(book, "a", 0, 1)
    assert book.position == 1


def test_a_record_that_turns_out_to_be_finished_is_not_needed_any_more() -> None:
    """After a lost state it is not known whether the last narration ended its record."""
    base = BaseState(FramePosition(4, 1), complete=False)
    book = ledger(position=2, records={"a": StreamCheckpoint("m", base, base.position)})
    for offset in (2, 3):
        book.delivered("a", offset, None, 0.0)
    assert book.num_open == 0
    book.delivered("a", 4, None, 0.0)
    book.processed("a", FramePosition(4, 0), False, 0.0)
    assert book.position == 4
    book.processed("a", FramePosition(4, 1), True, 0.0)
    assert book.position == 5


def test_a_decided_narration_is_not_made_again() -> None:
    end = FramePosition(7)
    record = StreamCheckpoint("m", BaseState.fresh(3), end, None, (JournalSegment(end, (1,)),), next_event=5)
    book = ledger(records={"a": record})
    frames(book, "a", 7, 8)
    assert narrate(book, "a", 3, 7) is None
    assert narrate(book, "a", 3, 6) is None
    assert narrate(book, "a", 8, 8) == 5
    plan = book.plan(0.0, 0)
    assert plan is not None
    assert [item.number for item in plan.events] == [5]


def test_dead_letters_are_written_once() -> None:
    book = ledger()
    for offset, stream in ((0, "a"), (1, ""), (2, "a")):
        book.delivered(stream, offset, None, 0.0)
        assert book.dead_lettered(stream, letter(offset), 0.0)
        assert not book.dead_lettered(stream, letter(offset), 0.0)
    plan = book.plan(0.0, 0)
    assert plan is not None
    assert [item.offset for item in plan.dead_letters] == [0, 1, 2]
    assert plan.partition == PartitionCheckpoint(3, dead_lettered_through=1)
    # The stream has nothing but dead letters, and the position is past them: no record is needed.
    assert plan.checkpoints == ()


def test_a_stream_of_dead_letters_is_remembered_while_they_may_be_read_again() -> None:
    book = ledger()
    frames(book, "slow", 0)
    book.delivered("a", 1, None, 0.0)
    book.dead_lettered("a", letter(1), 0.0)
    record = record_of(book, "a")
    assert record is not None
    assert record.dead_lettered_through == 1
    snapshot(book, "slow", 0)
    assert record_of(book, "a") is None


def test_a_newer_snapshot_replaces_one_that_waits() -> None:
    book = ledger()
    frames(book, "a", 0, 1)
    first = PendingSnapshot("a", b"0", FramePosition(0), SEEN)
    second = PendingSnapshot("a", b"1", FramePosition(1), SEEN)
    book.snapshots.taken(first, 0.0)
    book.snapshots.taken(second, 0.0)
    assert book.snapshots.pending() == [second]
    book.snapshots.stored(first, BlobRef("0", "", 1))
    assert book.snapshots.pending() == [second]
    assert book.position == 1


def test_a_stream_that_is_behind_its_partition_catches_up() -> None:
    """It lost its newest blob: the position stays, and the record tells what the stream still needs."""
    behind = stored_through(3, replay_from=4)
    book = ledger(position=10, start=4, records={"a": behind}, changed=frozenset("a"))
    frames(book, "a", 4, 6)
    frames(book, "forgotten", 7)
    frames(book, "a", 8)
    assert book.num_open == 3
    assert book.position == 10
    snapshot(book, "a", 6)
    record = record_of(book, "a")
    assert record is not None
    assert record.replay_from == 8
    snapshot(book, "a", 8)
    assert book.plan(0.0, 0) is not None
    frames(book, "other", 10)
    narrate(book, "other", 10, 10)
    record = record_of(book, "a")
    assert record is not None
    assert record.replay_from is None
    assert book.position == 10


def test_a_new_stream_is_not_the_one_that_was_forgotten() -> None:
    """Its records before the committed position were dealt with, whatever is read again for other streams."""
    behind = stored_through(3, replay_from=4)
    book = ledger(position=10, start=4, records={"a": behind})
    frames(book, "b", 5)
    assert narrate(book, "b", 5, 5) is None
    assert not book.dead_lettered("b", letter(5), 0.0)
    frames(book, "b", 10)
    assert narrate(book, "b", 10, 10) == 0
