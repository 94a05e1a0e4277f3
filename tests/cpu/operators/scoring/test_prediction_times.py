"""Frame indices become the ends of frames; special tokens of any tokenizer go."""

import pytest

from operators.errors import OperatorError
from operators.scoring import PredictedNarration
from operators.scoring.prediction_times import clean_text, timed_narrations


def test_a_narration_has_the_end_of_its_frame_in_the_order_given():
    narrations = timed_narrations({9: " late.<|end|>", 0: "early"}, fps=2, start_s=1.25)
    assert narrations == (PredictedNarration(6.25, "late."), PredictedNarration(1.75, "early"))


@pytest.mark.parametrize(
    ("raw", "special_tokens", "clean"),
    [
        (" You open it.<|eot_id|>", (), "You open it."),
        ("<s> You open it.</s>\n", ("<s>", "</s>"), "You open it."),
        ("You open it.</s>", (), "You open it.</s>"),
        ("a  b", (), "a  b"),
        ("x<e>y<e>>", ("<e>", "<e>>", ""), "xy"),
        ("a < b | c > d", (), "a < b | c > d"),
        ("<|eot_id|>", (), ""),
    ],
)
def test_special_tokens_go_and_the_rest_stays(raw, special_tokens, clean):
    assert clean_text(raw, special_tokens) == clean


@pytest.mark.parametrize(("raw", "fps"), [({0: "x"}, 0), ({0: "x"}, float("nan")), ({-1: "x"}, 2)])
def test_impossible_times_are_refused(raw, fps):
    with pytest.raises(OperatorError):
        timed_narrations(raw, fps=fps)
