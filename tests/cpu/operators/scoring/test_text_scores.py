"""ROUGE-L and CIDEr of the package; METEOR is played by a constant."""

import pytest

from operators.errors import OperatorError
from operators.scoring.meteor import MetricScores
from operators.scoring.text_scores import score_texts


class Constant:
    def score(self, pairs):
        return MetricScores(0.5, (0.5,) * len(pairs))


def test_case_and_punctuation_count_and_blanks_separate_words():
    pairs = [("open the door", "open the door"), ("open the door", "Open the door."), ("a cup", "")]
    scores = score_texts(pairs, Constant())
    assert scores.rouge_l.pairs == pytest.approx([1.0, 1 / 3, 0.0])
    assert scores.rouge_l.corpus == pytest.approx(4 / 9)
    assert scores.cider.pairs[0] > scores.cider.pairs[1] > scores.cider.pairs[2] == 0.0
    assert scores.meteor.pairs == (0.5, 0.5, 0.5)


def test_cider_of_a_single_pair_is_zero():
    assert score_texts([("open the door", "open the door")], Constant()).cider == MetricScores(0.0, (0.0,))


@pytest.mark.parametrize("pairs", [[], [("", "x"), (" ", "y")]])
def test_truths_without_a_word_are_an_error(pairs):
    with pytest.raises(OperatorError, match=f"None of {len(pairs)} pairs"):
        score_texts(pairs, Constant())
