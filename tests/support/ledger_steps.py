"""A partition's bookkeeping for tests, and what happens to it."""

from __future__ import annotations

from operators.narrator.types import FramePosition
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import BaseState, PartitionCheckpoint, StreamCheckpoint
from pipeline.commit.ledger import PartitionLedger
from pipeline.commit.snapshot_policy import SnapshotPolicy
from pipeline.commit.stream_ledger import PendingSnapshot
from pipeline.messages.dead_letter import DeadLetter
from pipeline.reader.admission import AdmissionState
from tests.support.narrations import narration

POLICY = SnapshotPolicy(every_segments=3, every_s=30.0, lag_records=100)


SEEN = AdmissionState(1, 1)


def ledger(
    *,
    position: int = 0,
    start: int | None = None,
    records: dict[str, StreamCheckpoint] | None = None,
    changed: frozenset[str] = frozenset(),
) -> PartitionLedger:
    return PartitionLedger(
        model_hash="m",
        partition=PartitionCheckpoint(position),
        records=records or {},
        changed=changed,
        found={},
        start=position if start is None else start,
        policy=POLICY,
        now_s=0.0,
    )


def narrate(book: PartitionLedger, stream: str, start: int, end: int) -> int | None:
    return book.events.narrated(
        stream,
        narration(start, end),
        SEEN,
        prompt_version="p",
        origin_traceparent=None,
        settings=None,
        now_s=0.0,
    )


def frames(book: PartitionLedger, stream: str, *offsets: int) -> None:
    for offset in offsets:
        book.delivered(stream, offset, None, 0.0)
        book.processed(stream, FramePosition(offset), True, 0.0)


def snapshot(book: PartitionLedger, stream: str, offset: int, index: int = 0) -> BlobRef:
    pending = PendingSnapshot(stream, b"%d" % offset, FramePosition(offset, index), SEEN)
    book.snapshots.taken(pending, 0.0)
    blob = BlobRef(f"{stream}:{offset}:{index}", "", 1)
    assert pending in book.snapshots.pending()
    book.snapshots.stored(pending, blob)
    return blob


def stored_through(offset: int, replay_from: int | None = None) -> StreamCheckpoint:
    position = FramePosition(offset)
    return StreamCheckpoint("m", BaseState(position, True), position, replay_from=replay_from)


def letter(offset: int) -> DeadLetter:
    return DeadLetter("frames", 0, offset, 0, b"k", b"v", (), "bad", "bad", "reader")


def record_of(book: PartitionLedger, stream: str) -> StreamCheckpoint | None:
    plan = book.plan(0.0, 0)
    assert plan is not None
    return dict(plan.checkpoints)[stream]
