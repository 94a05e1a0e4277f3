from __future__ import annotations

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reader.rate import MAX_EARLY_FRAMES, RateState, keep_frame

FPS = st.sampled_from([0.5, 1.0, 2.0, 10.0, 25.0])


def kept(times_s: list[float], fps: float) -> list[float]:
    state: RateState | None = None
    result = []
    for time_s in times_s:
        state, keeps = keep_frame(state, round(time_s * 1e9) + 10**18, fps)
        if keeps:
            result.append(time_s)
    return result


@given(FPS, st.floats(0.05, 1.24), st.lists(st.floats(-2, 2), min_size=1, max_size=300))
def test_a_camera_within_its_rate_loses_nothing(fps: float, speed: float, jitter: list[float]) -> None:
    """Each frame may come two intervals early or late."""
    times = sorted((i / speed + early) / fps for i, early in enumerate(jitter))
    assert kept(times, fps) == times


@given(FPS, st.floats(1.5, 200), st.integers(200, 1000))
def test_a_camera_that_is_too_fast_is_narrated_evenly_at_its_rate(fps: float, factor: float, n: int) -> None:
    times = [i / fps / factor for i in range(n)]
    taken = kept(times, fps)
    assert taken[0] == times[0]
    # A few at the beginning until it is clear; then one in every interval.
    begin = next((i for i, t in enumerate(taken) if t * fps > 2 * MAX_EARLY_FRAMES / (factor - 1.25)), None)
    steady = taken[begin:] if begin is not None else []
    gaps = [(later - earlier) * fps for earlier, later in pairwise(steady)]
    assert all(1 - 1 / factor - 1e-6 <= gap <= 1 + 1 / factor + 1e-6 for gap in gaps)


@given(FPS, st.lists(st.floats(0, 0.5), min_size=1, max_size=300))
def test_never_more_than_the_tolerance_and_a_few_early_frames(fps: float, pauses: list[float]) -> None:
    times = [sum(pauses[: i + 1]) / fps for i in range(len(pauses))]
    duration = (times[-1] - times[0]) * fps
    assert len(kept(times, fps)) <= 1.25 * duration + MAX_EARLY_FRAMES + 3


def test_a_camera_that_slows_down_is_narrated_in_full_again() -> None:
    flood = [i / 200 for i in range(2000)]
    calm = [10 + i / 2 for i in range(200)]
    taken = kept(flood + calm, 2.0)
    assert [t for t in taken if t >= 11] == [t for t in calm if t >= 11]
    faster = [120 + i / 2.4 for i in range(100)]
    assert [t for t in kept(flood + calm + faster, 2.0) if t >= 120] == faster


def test_a_clock_that_is_set_back_does_not_silence_a_camera() -> None:
    flood = [1000 + i / 200 for i in range(2000)]
    again = [i / 200 for i in range(2000)]
    assert len([t for t in kept(flood + again, 2.0) if t < 500]) == pytest.approx(20, abs=2)


@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_no_rate_keeps_all(times: list[float]) -> None:
    assert kept(times, inf) == times
