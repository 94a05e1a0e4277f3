"""Streams stitched from recorded segments."""

import itertools

import pytest

from operators.datasets.recorded import RecordedSegments, without_again
from operators.errors import OperatorError
from tests.support.recorded import GOLDEN


@pytest.fixture(scope="module")
def segments():
    return RecordedSegments.load(GOLDEN / "stream")


def test_a_stream_has_the_asked_length_and_is_the_same_for_a_seed(segments):
    one, again, other = (list(segments.stream(200, seed)) for seed in (1, 1, 2))
    assert len(one) == 200
    assert [frame.text for frame in one] == [frame.text for frame in again]
    assert [frame.text for frame in one] != [frame.text for frame in other]
    assert one[0].ends_segment


def test_again_is_due_exactly_where_an_activity_repeats(segments):
    frames = list(segments.stream(3000, 3))
    ends = [frame.text for frame in frames[1:] if frame.ends_segment]
    repeats = 0
    for before, after in itertools.pairwise(ends):
        is_repeat = without_again(before) == without_again(after)
        assert (after != without_again(after)) == is_repeat
        repeats += is_repeat
    assert 0.2 < repeats / len(ends) < 0.5


def test_a_folder_without_videos_is_refused(tmp_path):
    with pytest.raises(OperatorError, match="no recorded videos"):
        RecordedSegments.load(tmp_path)
