"""When a stream's state is to be written down."""

from __future__ import annotations

import pytest

from operators.narrator.types import FramePosition
from pipeline.commit.stream_ledger import PendingSnapshot
from tests.support.ledger_steps import SEEN, frames, ledger, narrate, stored_through


@pytest.mark.parametrize(
    ("num_segments", "age_s", "num_offsets", "is_due"),
    [(0, 0.0, 1, False), (2, 29.0, 1, False), (3, 0.0, 1, True), (0, 30.0, 1, True), (0, 0.0, 102, True)],
)
def test_when_a_snapshot_is_due(num_segments: int, age_s: float, num_offsets: int, is_due: bool) -> None:
    book = ledger()
    frames(book, "a", *range(5))
    frames(book, "other", *range(5, 5 + num_offsets - 5))
    for offset in range(num_segments):
        narrate(book, "a", offset, offset)
    assert book.snapshots.is_due("a", age_s) == is_due
    assert ("a" in book.snapshots.due_streams(age_s)) == is_due


def test_a_snapshot_that_waits_counts_as_one() -> None:
    book = ledger()
    frames(book, "a", 0)
    book.snapshots.taken(PendingSnapshot("a", b"x", FramePosition(0), SEEN), 50.0)
    assert not book.snapshots.is_due("a", 1000.0)
    frames(book, "a", 1)
    assert not book.snapshots.is_due("a", 79.0)
    assert book.snapshots.is_due("a", 80.0)


def test_a_stream_without_new_frames_is_never_due() -> None:
    book = ledger(records={"a": stored_through(3)})
    assert not book.snapshots.is_due("a", 1000.0)
    assert not book.snapshots.is_due("unknown", 1000.0)
    book.delivered("a", 4, None, 0.0)
    assert not book.snapshots.is_due("a", 1000.0)
