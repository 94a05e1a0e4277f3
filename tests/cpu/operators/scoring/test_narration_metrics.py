"""Scores of a corpus and its clips; METEOR is played by a count of equal texts."""

import pytest

from operators.errors import OperatorError
from operators.scoring import PredictedNarration, TrueNarration
from operators.scoring.meteor import MetricScores
from operators.scoring.narration_layouts import AnnotatedClip
from operators.scoring.narration_metrics import NarrationPair, score_corpus


class EqualTexts:
    def score(self, pairs):
        return MetricScores(0.123, tuple(float(truth == text) for truth, text in pairs))


def clip(name: str, *annotators: list[tuple[float, str]]) -> AnnotatedClip:
    return AnnotatedClip(name, 0.0, tuple(tuple(TrueNarration(*one) for one in each) for each in annotators))


TRUTH = [
    clip("one", [(2.0, "open the door"), (6.0, "close the door")], [(6.0, "walk around the room")]),
    clip("two", [(3.0, "wash a red cup")]),
    clip("silent", []),
    clip("absent", [(3.0, "wash a cup")]),
]
PREDICTED = {
    "one": [PredictedNarration(2.0, "open the door"), PredictedNarration(5.0, "close a door")],
    "two": [PredictedNarration(3.0, "wash a red cup"), PredictedNarration(90.0, "surplus")],
    "silent": [PredictedNarration(3.0, "wash a cup")],
    "unknown": [],
}


def test_clips_on_both_sides_are_scored():
    scores = score_corpus(TRUTH, PREDICTED, meteor=EqualTexts())
    assert scores.pairs == (
        NarrationPair("one", 1, "open the door", "open the door"),
        NarrationPair("one", 2, "close the door", "close a door"),
        NarrationPair("one", 3, "walk around the room", "close a door"),
        NarrationPair("two", 1, "wash a red cup", "wash a red cup"),
    )
    one, two = scores.clips.values()
    assert list(scores.clips) == ["one", "two"]
    assert (one.meteor, two.meteor, scores.corpus.meteor) == (pytest.approx(1 / 3), 1.0, 0.123)
    assert (two.rouge_l, two.t_precision, two.t_recall) == (1.0, 0.5, 1.0)
    assert (one.t_precision, one.t_recall) == (1.0, 1.0)
    assert scores.corpus.rouge_l == pytest.approx((3 * one.rouge_l + two.rouge_l) / 4)
    assert scores.corpus.cider == pytest.approx((3 * one.cider + two.cider) / 4)
    assert scores.corpus.t_precision == 0.75
    assert scores.corpus.t_f1 == pytest.approx((1 + 2 / 3) / 2)


def test_an_empty_list_of_predictions_is_named():
    with pytest.raises(OperatorError, match=r"predictions of 'two' is empty.*Remove the entry"):
        score_corpus(TRUTH, {**PREDICTED, "two": []}, meteor=EqualTexts())


@pytest.mark.parametrize("predicted", [{}, {"other": PREDICTED["one"]}, {"silent": PREDICTED["silent"]}])
def test_nothing_to_pair_is_an_error_before_meteor_starts(predicted, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OperatorError, match="Nothing can be paired: 4 clips of ground truth"):
        score_corpus(TRUTH, predicted)


def test_two_clips_of_one_name_are_an_error():
    with pytest.raises(OperatorError, match="named 'two'"):
        score_corpus([TRUTH[1], TRUTH[1]], PREDICTED, meteor=EqualTexts())


def test_missing_java_is_told_where_meteor_would_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OperatorError, match="'java' can't be found"):
        score_corpus(TRUTH, PREDICTED)
