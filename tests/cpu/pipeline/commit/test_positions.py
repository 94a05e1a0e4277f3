"""Open positions: the partition's position never passes what is needed or not yet delivered."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.narrator.types import FramePosition
from pipeline.commit.positions import OpenPositions


def deliver(positions: OpenPositions, stream: str, offset: int, previous: int | None = None) -> bool:
    is_new = positions.deliver(offset, previous)
    if is_new:
        positions.open(stream, offset)
    return is_new


def test_the_position_is_the_lowest_open_offset() -> None:
    positions = OpenPositions(5)
    assert positions.position == 5
    for offset, stream in ((5, "a"), (7, "b"), (8, "a")):
        assert deliver(positions, stream, offset)
    assert (positions.position, positions.num_open) == (5, 3)
    positions.close(7)
    assert positions.position == 5
    positions.close_through("a", FramePosition(5), complete=True)
    assert positions.position == 8
    positions.close_through("a", FramePosition(8, 2), complete=False)
    assert positions.position == 8
    positions.close_through("a", FramePosition(8, 3), complete=True)
    assert (positions.position, positions.num_open) == (9, 0)


def test_a_stream_that_has_no_state_yet_holds_the_position() -> None:
    positions = OpenPositions(0)
    deliver(positions, "known", 0)
    deliver(positions, "new", 1)
    deliver(positions, "known", 2)
    positions.close_through("known", FramePosition(2), complete=True)
    assert positions.position == 1


def test_a_record_that_is_not_delivered_holds_the_position() -> None:
    positions = OpenPositions(0)
    deliver(positions, "a", 0, previous=-1)
    deliver(positions, "b", 4, previous=2)
    positions.close(0)
    positions.close(4)
    assert positions.position == 1
    deliver(positions, "c", 2, previous=0)
    assert positions.position == 2
    positions.close(2)
    assert positions.position == 5


def test_a_second_delivery_changes_nothing() -> None:
    positions = OpenPositions(0)
    assert deliver(positions, "a", 0, previous=-1)
    assert not deliver(positions, "a", 0, previous=-1)
    assert deliver(positions, "a", 3, previous=2)
    assert not deliver(positions, "a", 3, previous=2)
    positions.close(0)
    assert not deliver(positions, "a", 0, previous=-1)
    assert positions.num_open == 1


def test_a_delivery_out_of_order_without_a_link_is_an_error() -> None:
    positions = OpenPositions(0)
    deliver(positions, "a", 3)
    assert not deliver(positions, "a", 3)
    with pytest.raises(ValueError, match="offset 2 is delivered after 3"):
        deliver(positions, "a", 2)


def test_what_a_snapshot_would_save() -> None:
    positions = OpenPositions(0)
    for offset, stream in ((0, "a"), (1, "b"), (10, "b"), (30, "a"), (40, "b")):
        deliver(positions, stream, offset)
    assert positions.saved_by_snapshot("a", FramePosition(0)) == 30
    assert positions.saved_by_snapshot("a", FramePosition(30)) == 41
    assert positions.saved_by_snapshot("b", FramePosition(10)) == 39
    assert positions.saved_by_snapshot("unknown", FramePosition(10)) == 0


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3)), min_size=1, max_size=40),
    st.integers(0, 2**32),
)
def test_it_agrees_with_the_plain_definition(records: list[tuple[str, int]], seed: int) -> None:
    """The lowest of: delivered and open, not delivered; whatever the order of deliveries and closings."""
    random = Random(seed)
    offsets, offset = [], 10
    for stream, gap in records:
        offsets.append((stream, offset, offsets[-1][1] if offsets else 9))
        offset += gap
    pending, is_open = list(offsets), {}
    positions = OpenPositions(10)
    while pending or is_open:
        if pending and random.random() < 0.6:
            stream, at, previous = pending.pop(random.randrange(min(len(pending), 4)))
            assert deliver(positions, stream, at, previous)
            is_open[at] = stream
        elif is_open:
            at = random.choice(sorted(is_open))
            if random.random() < 0.5:
                positions.close(at)
                del is_open[at]
            else:
                stream = is_open[at]
                positions.close_through(stream, FramePosition(at), complete=True)
                is_open = {o: s for o, s in is_open.items() if s != stream or o > at}
        needed = [*is_open, *(at for _, at, _ in pending)]
        # A gap of the log counts as delivered with the record after it.
        assert positions.position <= min(needed, default=offsets[-1][1] + 1)
        before = max((at for _, at, _ in offsets if at < min(needed, default=10**9)), default=9)
        assert positions.position > before
        assert positions.num_open == len(is_open)
        for stream in "abc":
            assert positions.has_open(stream) == (stream in is_open.values())
