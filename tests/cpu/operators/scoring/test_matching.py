"""Pairs of narrations and truths: exact text, end within the tolerance, one to one."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.scoring import (
    NarrationScore,
    PredictedNarration,
    TrueNarration,
    match_narrations,
    score_narrations,
)


def test_text_must_be_exact_and_end_within_a_second():
    truths = [
        TrueNarration(5.0, "picks up the red cup"),
        TrueNarration(9.0, "washes the cup", needs_memory=True),
    ]
    predicted = [
        PredictedNarration(6.0, "picks up the red cup"),
        PredictedNarration(9.0, "washes the Cup"),
        PredictedNarration(10.01, "washes the cup"),
    ]
    assert match_narrations(predicted, truths) == [(0, 0)]
    score = score_narrations(predicted, truths)
    assert score == NarrationScore(predicted=3, expected=2, matched=1, memory_expected=1, memory_matched=0)
    assert score.precision == pytest.approx(1 / 3)
    assert score.recall == pytest.approx(1 / 2)
    assert score.f1 == pytest.approx(0.4)
    assert score.needs_memory_right == 0.0


def test_each_narration_and_each_truth_counts_once():
    truths = [TrueNarration(5.0, "x", needs_memory=True)]
    assert score_narrations([PredictedNarration(4.8, "x"), PredictedNarration(5.2, "x")], truths).matched == 1
    twice = [TrueNarration(5.0, "x"), TrueNarration(5.5, "x")]
    assert score_narrations([PredictedNarration(5.2, "x")], twice).matched == 1


def test_scores_add_up_and_empty_scores_are_zero():
    empty = NarrationScore()
    assert (empty.precision, empty.recall, empty.f1, empty.needs_memory_right) == (0.0, 0.0, 0.0, 0.0)
    total = NarrationScore(2, 3, 1, 1, 1) + NarrationScore(1, 1, 1, 0, 0)
    assert total == NarrationScore(3, 4, 2, 1, 1)


TIMES = st.lists(st.integers(0, 12), max_size=5)


@given(TIMES, TIMES)
def test_no_other_matching_has_more_pairs(predicted_s: list[int], expected_s: list[int]):
    predicted = [PredictedNarration(time / 2, "x") for time in predicted_s]
    truths = [TrueNarration(time / 2, "x") for time in expected_s]
    found = len(match_narrations(predicted, truths))
    small, large = sorted((predicted_s, expected_s), key=len)
    best = max(
        sum(abs(a - b) / 2 <= 1.0 for a, b in zip(small, chosen, strict=True))
        for chosen in itertools.permutations(large, len(small))
    )
    assert found == best
