from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encoder.schedule import BEHIND_EVERY, LIVE_FOR_S, PIECE_S, REST, EncoderSchedule, Piece

REQUESTS = st.lists(st.tuples(st.booleans(), st.integers(1, 40), st.booleans()), max_size=40)


@given(REQUESTS, st.integers(1, 16))
def test_every_frame_is_encoded_once_and_in_order(
    requests: list[tuple[bool, int, bool]], max_batch: int
) -> None:
    schedule: EncoderSchedule[int] = EncoderSchedule(max_batch)
    seen: dict[int, list[int]] = {}
    ends: list[int] = []

    def encode() -> None:
        pieces = schedule.next_batch(0.0)
        assert 1 <= sum(piece.stop - piece.start for piece in pieces) <= max_batch
        for piece in pieces:
            seen.setdefault(piece.item, []).extend(range(piece.start, piece.stop))
            ends.extend([piece.item] if piece.is_last else [])

    for number, (is_behind, num_frames, encodes) in enumerate(requests):
        schedule.add(number, num_frames, is_behind=is_behind)
        if encodes:
            encode()
    while schedule.wait_s(0.0) < inf:
        encode()
    assert seen == {number: list(range(frames)) for number, (_, frames, _) in enumerate(requests)}
    assert sorted(ends) == list(range(len(requests)))
    assert schedule.next_batch(0.0) == []


def test_live_frames_go_first_and_a_share_is_left_for_the_others() -> None:
    schedule: EncoderSchedule[str] = EncoderSchedule(8)
    schedule.took(8, 8 * PIECE_S / 2)
    schedule.add("behind", 100, is_behind=True)
    kinds = []
    for _ in range(40):
        schedule.add("live", 8, is_behind=False)
        kinds.append(schedule.next_batch(0.0))
    assert kinds[0] == [Piece("live", 0, 8, True)]
    late = [index for index, pieces in enumerate(kinds) if pieces[0].item == "behind"]
    assert late == list(range(BEHIND_EVERY - 1, 40, BEHIND_EVERY))
    assert all(pieces[0].stop - pieces[0].start == 2 for pieces in (kinds[i] for i in late))


def test_without_live_frames_the_others_have_whole_batches() -> None:
    schedule: EncoderSchedule[str] = EncoderSchedule(8)
    schedule.took(8, 8 * PIECE_S / 2)
    schedule.add("live", 1, is_behind=False)
    schedule.add("behind", 30, is_behind=True)
    assert schedule.next_batch(10.0)[0].item == "live"
    assert schedule.next_batch(10.0 + LIVE_FOR_S / 2) == [Piece("behind", 0, 2, False)]
    assert schedule.next_batch(10.0 + LIVE_FOR_S) == [Piece("behind", 2, 10, False)]


@pytest.mark.parametrize(("frame_s", "num_frames"), [(PIECE_S / 100, 8), (PIECE_S / 4, 4), (1.0, 1)])
def test_a_piece_is_as_large_as_live_frames_can_wait_for(frame_s: float, num_frames: int) -> None:
    schedule: EncoderSchedule[str] = EncoderSchedule(8)
    for _ in range(30):
        schedule.took(3, 3 * frame_s)
    schedule.add("live", 1, is_behind=False)
    schedule.next_batch(0.0)
    schedule.add("behind", 30, is_behind=True)
    assert schedule.next_batch(0.0) == [Piece("behind", 0, num_frames, False)]


def test_where_cores_are_shared_pieces_leave_time_to_live_frames() -> None:
    schedule: EncoderSchedule[str] = EncoderSchedule(8, shares_cores=True)
    schedule.took(1, PIECE_S)
    assert schedule.wait_s(0.0) == inf
    schedule.add("behind", 30, is_behind=True)
    assert schedule.wait_s(0.0) == 0.0
    schedule.next_batch(0.0)
    assert schedule.wait_s(0.0) == 0.0, "without live frames there is no rest"
    schedule.add("live", 1, is_behind=False)
    schedule.next_batch(1.0)
    assert schedule.next_batch(1.0) == [Piece("behind", 8, 9, False)]
    assert schedule.wait_s(1.0 + PIECE_S) == pytest.approx(REST * PIECE_S)
    schedule.add("live", 1, is_behind=False)
    assert schedule.wait_s(1.0 + PIECE_S) == 0.0, "live frames do not wait for a rest's end"
    schedule.next_batch(1.0 + PIECE_S)
    assert schedule.wait_s(1.0 + (1 + REST) * PIECE_S) == pytest.approx(0.0)
