"""Videos cut into segments."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from operators.training.plans import CutShares, cut_video, due_narrations


def test_without_deviations_segments_end_where_the_truth_does():
    cut = cut_video([3, 4, 9], [(0,), (1,), (2,), (3,)], 12, CutShares(), Random(0))
    assert [(s.num_frames, s.narration) for s in cut.segments] == [
        (1, (0,)),
        (3, (1,)),
        (1, (2,)),
        (5, (3,)),
        (2, None),
    ]
    assert not cut.undecided


def test_a_late_segment_leaves_its_true_end_undecided_an_early_one_its_own():
    late = cut_video([4], [(0,), (1,)], 10, CutShares(late=1.0), Random(0))
    assert [s.num_frames for s in late.segments] == [1, 5, 4]
    assert late.undecided == {4}
    early = cut_video([4], [(0,), (1,)], 10, CutShares(early=1.0), Random(0))
    assert [s.num_frames for s in early.segments] == [1, 3, 6]
    assert early.undecided == {3}


@given(
    st.sets(st.integers(1, 39), max_size=12).map(sorted),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
    st.floats(0, 1),
    st.integers(0, 1000),
)
def test_every_frame_and_narration_is_there_once(ends, late, early, fold, seed):
    tokens = [(number,) for number in range(len(ends) + 1)]
    cut = cut_video(ends, tokens, 40, CutShares(late, early, fold), Random(seed))
    assert sum(s.num_frames for s in cut.segments) == 40
    assert all(s.num_frames >= 1 for s in cut.segments)
    assert [s.narration for s in cut.segments if s.narration is not None] == tokens
    boundary, moved = -1, []
    for segment in cut.segments:
        boundary += segment.num_frames
        if segment.narration is not None:
            moved.append(boundary)
    assert all(abs(a - b) <= 1 for a, b in zip(moved[1:], ends, strict=True))


class _Layout:
    def narration(self, text):
        return (len(text),)


def test_narrations_without_a_frame_of_their_own_are_left_out():
    kept = due_narrations([0, 2, 2, 5, None], ["a", "bb", "ccc", "dddd", "eeeee"], _Layout())
    assert kept == ([2, 5], [(2,), (4,)])
