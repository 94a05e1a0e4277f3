"""The demo's checks find planted losses, doubles, swaps and missing dead letters."""

from collections import Counter
from dataclasses import replace
from math import isnan, nan

import pytest

from operators.narrator.types import FramePosition, Narration
from operators.scoring import TrueNarration
from pipeline.wire.narration_event import NarrationEvent
from topologies.demo.verify import (
    SeenNarration,
    check_camera,
    dead_letter_problems,
    percentile,
    tiling_problems,
)

HALF_SECOND_NS = 500_000_000
FRAMES_NS = [10 * HALF_SECOND_NS + i * HALF_SECOND_NS for i in range(10)]


def event(number: int, first: int, last: int, text: str = "picks up the red cup") -> NarrationEvent:
    narration = Narration(
        segment=number,
        start=FramePosition(first),
        end=FramePosition(last),
        start_time_ns=FRAMES_NS[first],
        end_time_ns=FRAMES_NS[last],
        text=text,
        token_ids=(1, 2),
        p_skip=nan,
        threshold=nan,
        forced=number == 0,
    )
    return NarrationEvent("live", "cam", 1, number, narration, "frames", 0, "m", "h", "p")


GOOD = [event(0, 0, 0), event(1, 1, 4), event(2, 5, 9)]


def test_segments_that_tile_the_frames_are_fine() -> None:
    assert tiling_problems(GOOD, FRAMES_NS) == []


@pytest.mark.parametrize(
    ("events", "complaint"),
    [
        ([GOOD[0], GOOD[2]], "frames 1 to 4 are in no segment"),
        ([GOOD[0], GOOD[1]], "frames 5 to 9 are in no segment"),
        ([GOOD[0], GOOD[1], GOOD[1], GOOD[2]], "frames 1 to 4 are in two segments"),
        ([GOOD[0], GOOD[2], GOOD[1]], "event number 1 comes after 2"),
        ([], "frames 0 to 9 are in no segment"),
    ],
)
def test_planted_faults_are_found(events: list[NarrationEvent], complaint: str) -> None:
    assert complaint in tiling_problems(events, FRAMES_NS)


def test_dead_letters_must_match_one_by_one() -> None:
    assert dead_letter_problems(Counter(a=1), Counter(a=1)) == []
    assert dead_letter_problems(Counter(a=2), Counter(a=1, b=1)) == [
        "2 dead letters a, 1 expected",
        "0 dead letters b, 1 expected",
    ]


def test_check_camera_scores_without_the_opening_and_measures_latency() -> None:
    seen = [SeenNarration(one, one.narration.end_time_ns + 700_000_000) for one in GOOD]
    truth = [
        TrueNarration(2.5, "picks up the red cup"),
        TrueNarration(4.4, "puts down the red cup"),
        TrueNarration(60.0, "never shown"),
    ]
    result = check_camera("cam", seen, FRAMES_NS, truth, Counter(), Counter())
    assert result.problems == ()
    assert (result.score.predicted, result.score.expected, result.score.matched) == (2, 2, 1)
    assert result.latencies_s == pytest.approx([0.7, 0.7, 0.7])


def test_percentile_is_a_value_that_occurred() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 0.95) == 3.0
    assert isnan(percentile([], 0.5))


def test_other_events_may_lie_between_narrations() -> None:
    between = [replace(event, number=2 * event.number + 1) for event in GOOD]
    assert tiling_problems(between, FRAMES_NS) == []
