"""What becomes of blobs that the store lost."""

from __future__ import annotations

from operators.narrator.types import FramePosition
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import BaseState, StreamCheckpoint
from pipeline.commit.ledger import PartitionLedger
from pipeline.commit.stream_ledger import PendingSnapshot
from tests.cpu.pipeline.commit.test_ledger import SEEN, frames, ledger, snapshot

AGAIN = BlobRef("again", "", 1)


def snapshotted(*offsets: int) -> tuple[PartitionLedger, list[BlobRef]]:
    """A ledger whose stream `a` has a snapshot at each offset, all of them committed."""
    book, blobs = ledger(), []
    for offset in offsets:
        frames(book, "a", offset)
        blobs.append(snapshot(book, "a", offset))
    book.plan(0.0, 0)
    return book, blobs


def state_at(offset: int) -> PendingSnapshot:
    return PendingSnapshot("a", b"state", FramePosition(offset), SEEN)


def test_the_state_in_a_lost_blob_is_due_at_once_although_nothing_has_happened_since() -> None:
    book, (blob,) = snapshotted(0)
    assert book.snapshots.due_streams(1.0) == []
    assert book.snapshots.lose([blob]) == ["a"]
    assert book.snapshots.due_streams(1.0) == ["a"]
    book.snapshots.taken(state_at(0), 1.0)
    assert book.snapshots.due_streams(1.0) == []
    assert book.snapshots.pending() == [state_at(0)]


def test_the_same_state_stored_again_takes_the_place_of_the_lost_one() -> None:
    book, blobs = snapshotted(0, 1)
    book.snapshots.lose([blobs[1]])
    book.snapshots.taken(state_at(1), 1.0)
    (pending,) = book.snapshots.pending()
    book.snapshots.stored(pending, AGAIN)
    plan = book.plan(1.0, 0)
    assert plan is not None
    record = dict(plan.checkpoints)["a"]
    assert record is not None
    assert record.base == BaseState(FramePosition(1), True, SEEN, AGAIN)
    assert record.previous is not None
    assert record.previous.blob == blobs[0]
    assert plan.garbage == (blobs[1],)
    assert book.snapshots.pending() == []
    assert book.snapshots.due_streams(1.0) == []


def test_a_blob_that_gets_its_old_name_again_is_no_garbage() -> None:
    book, (blob,) = snapshotted(0)
    book.snapshots.lose([blob])
    book.snapshots.taken(state_at(0), 1.0)
    book.snapshots.stored(book.snapshots.pending()[0], blob)
    plan = book.plan(1.0, 0)
    assert plan is not None
    assert plan.garbage == ()
    assert book.snapshots.due_streams(1.0) == []
    # It can be lost once more.
    assert book.snapshots.lose([blob]) == ["a"]


def test_a_newer_state_takes_the_place_of_a_lost_one_too() -> None:
    book, (blob,) = snapshotted(0)
    book.snapshots.lose([blob])
    frames(book, "a", 1)
    assert book.snapshots.is_due("a", 0.0)
    snapshot(book, "a", 1)
    assert not book.snapshots.is_due("a", 0.0)


def test_a_state_that_waits_for_the_store_is_not_replaced_by_the_older_one() -> None:
    book, (blob,) = snapshotted(0)
    frames(book, "a", 1)
    newer = state_at(1)
    book.snapshots.taken(newer, 0.0)
    book.snapshots.lose([blob])
    book.snapshots.taken(state_at(0), 1.0)
    assert book.snapshots.pending() == [newer]


def test_a_snapshot_at_the_place_of_the_newest_one_is_not_taken_while_that_is_there() -> None:
    book, _ = snapshotted(0)
    book.snapshots.taken(state_at(0), 1.0)
    assert book.snapshots.pending() == []


def test_the_loss_of_what_nobody_names_changes_nothing() -> None:
    book, (blob,) = snapshotted(0)
    assert book.snapshots.lose([AGAIN]) == []
    assert book.snapshots.due_streams(1.0) == []
    assert book.snapshots.needed_blobs() == {blob}


def test_a_stream_that_was_not_opened_since_the_takeover_is_left_to_what_the_takeover_found() -> None:
    blob = BlobRef("old", "", 1)
    base = BaseState(FramePosition(4), True, SEEN, blob)
    book = ledger(position=5, records={"a": StreamCheckpoint("m", base, base.position)})
    assert book.snapshots.lose([blob]) == ["a"]
    assert book.snapshots.due_streams(100.0) == []
    book.snapshots.taken(state_at(4), 1.0)
    assert book.snapshots.pending() == [state_at(4)]


def test_blobs_are_needed_until_the_plan_that_drops_them_is_made() -> None:
    book, blobs = snapshotted(0, 1)
    frames(book, "a", 2)
    blobs.append(snapshot(book, "a", 2))
    assert book.snapshots.needed_blobs() == set(blobs)
    book.plan(0.0, 0)
    assert book.snapshots.needed_blobs() == set(blobs[1:])


def test_a_snapshot_without_a_state_keeps_the_settings_that_the_first_state_begins_with() -> None:
    """Frames were left out before the first that was shown, and a narration of that one is committed."""
    book = ledger()
    book.opened("a", "settings", 0.0)
    frames(book, "a", 0)
    book.snapshots.taken(PendingSnapshot("a", None, FramePosition(0), SEEN), 0.0)
    book.snapshots.stored(book.snapshots.pending()[0], None)
    plan = book.plan(0.0, 0)
    assert plan is not None
    record = dict(plan.checkpoints)["a"]
    assert record is not None
    assert record.base == BaseState(FramePosition(0), True, SEEN, None, "settings")


def test_the_takeovers_snapshots_are_kept_only_while_they_are_the_newest() -> None:
    blob = BlobRef("old", "", 1)
    base = BaseState(FramePosition(4), True, SEEN, blob)
    book = ledger(position=5, records={"a": StreamCheckpoint("m", base, base.position)})
    assert book.snapshots.is_newest(state_at(4))
    frames(book, "a", 5)
    snapshot(book, "a", 5)
    assert not book.snapshots.is_newest(state_at(4))
