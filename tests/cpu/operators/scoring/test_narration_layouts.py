"""Both layouts become the same clips; what has the wrong type is named with its place."""

import re

import pytest

from operators.errors import OperatorError
from operators.scoring import PredictedNarration, TrueNarration
from operators.scoring.narration_layouts import AnnotatedClip, parse_predictions, parse_truth

NARRATION = {"time": 5, "text": "opens a door", "unknown": None}


def test_intervals_are_clips_that_begin_where_their_key_says():
    data = {"v": {"1.5, 9.0": {"a": {"narration": [NARRATION]}, "b": {"narration": []}}}}
    truths = ((TrueNarration(5.0, "opens a door"),), ())
    assert parse_truth(data, "ego4d") == (AnnotatedClip("v_1.5, 9.0", 1.5, truths),)
    assert parse_predictions({"v": {"1.5, 9.0": [NARRATION]}}, "ego4d") == {
        "v_1.5, 9.0": (PredictedNarration(5.0, "opens a door"),)
    }


def test_flat_videos_are_clips_that_begin_at_zero():
    truths = ((TrueNarration(5.0, "opens a door"),), ())
    assert parse_truth({"v": [[NARRATION], []]}, "flat") == (AnnotatedClip("v", 0.0, truths),)
    assert parse_predictions({"v": [NARRATION]}, "flat") == {"v": (PredictedNarration(5.0, "opens a door"),)}


@pytest.mark.parametrize(
    ("data", "layout", "message"),
    [
        ({}, "nested", "Unknown layout 'nested'"),
        ([], "flat", "ground truth must be an object, got []"),
        ({"v": {}}, "flat", "ground truth['v'] must be a list"),
        ({"v": [{}]}, "flat", "ground truth['v'][0] must be a list"),
        ({"v": [[1]]}, "flat", "ground truth['v'][0][0] must be an object, got 1"),
        ({"v": [[{"text": "x"}]]}, "flat", "ground truth['v'][0][0]: key 'time' is missing"),
        (
            {"v": [[{"time": "1", "text": "x"}]]},
            "flat",
            "['time'] must be a finite number of seconds, got \"1\"",
        ),
        (
            {"v": [[{"time": True, "text": "x"}]]},
            "flat",
            "['time'] must be a finite number of seconds, got true",
        ),
        ({"v": [[{"time": float("nan"), "text": "x"}]]}, "flat", "['time'] must be a finite number"),
        ({"v": [[{"time": 1, "text": None}]]}, "flat", "['text'] must be a text, got null"),
        ({"v": {"1-2": {}}}, "ego4d", "the key '1-2' must be \"start, end\""),
        ({"v": {"1, 2": {"a": {}}}}, "ego4d", "ground truth['v']['1, 2']['a']: key 'narration' is missing"),
        ({"v": {"1, 2": {"a": {"narration": {}}}}}, "ego4d", "['a']['narration'] must be a list"),
    ],
)
def test_wrong_types_are_named(data, layout, message):
    with pytest.raises(OperatorError, match=re.escape(message)):
        parse_truth(data, layout)
