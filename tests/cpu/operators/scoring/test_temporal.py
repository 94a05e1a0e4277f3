"""Segments between narrations, their overlaps, and what is paired with what."""

import numpy as np
import pytest

from operators.errors import OperatorError
from operators.scoring import PredictedNarration, TrueNarration
from operators.scoring.temporal import align_clip, narration_segments, segment_overlaps


def truth(*ends_s: float) -> list[TrueNarration]:
    return [TrueNarration(end_s, f"truth {end_s}") for end_s in ends_s]


def predicted(*ends_s: float) -> list[PredictedNarration]:
    return [PredictedNarration(end_s, f"prediction {end_s}") for end_s in ends_s]


def test_a_segment_reaches_from_the_narration_before_and_is_turned_round_if_it_runs_backwards():
    segments = narration_segments([4.0, 9.0, 7.0, 7.0], start_s=1.5)
    assert segments.tolist() == [[1.5, 4.0], [4.0, 9.0], [7.0, 9.0], [7.0, 7.0]]


def test_no_narration_has_no_segment():
    assert narration_segments([], start_s=3.0).shape == (0, 2)


@pytest.mark.parametrize(
    ("first", "second", "iou", "generalised"),
    [
        ((0, 4), (0, 4), 1.0, 1.0),
        ((0, 4), (2, 6), 1 / 3, 1 / 3),
        ((0, 2), (2, 4), 0.0, 0.0),
        ((0, 2), (6, 8), 0.0, -0.5),
        ((0, 0), (5, 5), 0.0, -1.0),
        ((3, 3), (3, 3), 0.0, 0.0),
        ((3, 3), (1, 5), 0.0, 0.0),
    ],
)
def test_overlaps(first, second, iou, generalised):
    plain, general = segment_overlaps(np.array([first], float), np.array([second], float))
    assert plain[0, 0] == pytest.approx(iou)
    assert general[0, 0] == pytest.approx(generalised)


def test_every_truth_finds_a_partner_and_a_prediction_may_serve_many():
    alignment = align_clip([truth(2, 4, 6)], predicted(40), start_s=0.0, iou_threshold=0.5)
    assert alignment.partners == (0, 0, 0)
    assert (alignment.precision, alignment.recall, alignment.f1) == (0.0, 0.0, 0.0)


def test_annotators_have_segments_of_their_own_and_share_precision_and_recall():
    alignment = align_clip([truth(4, 8), [], truth(8)], predicted(4, 5, 8), start_s=0.0, iou_threshold=0.6)
    assert alignment.partners == (0, 2, 0)
    assert alignment.precision == pytest.approx(2 / 3)
    assert alignment.recall == pytest.approx(2 / 3)
    assert alignment.f1 == pytest.approx(2 / 3)


def test_the_threshold_itself_counts_and_the_first_of_equals_serves():
    alignment = align_clip([truth(8)], predicted(4, 8), start_s=0.0, iou_threshold=0.5)
    assert alignment.partners == (0,)
    assert (alignment.precision, alignment.recall) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("annotations", "candidates", "missing"),
    [([truth(1)], [], "prediction"), ([[], []], predicted(1), "ground-truth narration")],
)
def test_one_side_alone_is_an_error(annotations, candidates, missing):
    with pytest.raises(OperatorError, match=f"without a {missing}"):
        align_clip(annotations, candidates, start_s=0.0, iou_threshold=0.5)
