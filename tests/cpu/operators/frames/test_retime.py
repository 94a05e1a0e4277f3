"""nearest_to_ticks: which frame is taken for which tick."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.frames.retime import nearest_to_ticks


def picked(times: list[float], fps: float, max_gap_s: float = float("inf")) -> list[tuple[int, float]]:
    return list(nearest_to_ticks(((time, time) for time in times), fps, max_gap_s))


def test_a_fast_video_is_thinned_to_the_nearest_frames() -> None:
    assert picked([number / 25 for number in range(50)], 2.0) == [(0, 0.0), (1, 0.48), (2, 1.0), (3, 1.48)]


def test_a_slow_video_repeats_frames() -> None:
    assert picked([0.0, 1.0], 2.0) == [(0, 0.0), (1, 0.0), (2, 1.0), (3, 1.0)]


def test_the_first_time_counts_as_zero_and_a_single_frame_is_one_tick() -> None:
    assert picked([100.0, 100.5], 2.0) == [(0, 100.0), (1, 100.5)]
    assert picked([7.0], 2.0) == [(0, 7.0)]
    assert picked([], 2.0) == []


def test_items_that_go_back_in_time_are_left_out() -> None:
    assert picked([0.0, 1.0, 0.2, 2.0], 1.0) == [(0, 0.0), (1, 1.0), (2, 2.0)]


def test_ticks_far_from_every_item_are_left_out() -> None:
    ticks = [tick for tick, _ in picked([0.0, 0.5, 10.0, 10.5], 2.0, max_gap_s=1.0)]
    assert ticks == [0, 1, 2, 3, 18, 19, 20, 21]


def test_a_live_source_is_delayed_by_one_item_only() -> None:
    taken = []

    def arriving() -> object:
        for number in range(5):
            taken.append(number)
            yield number / 10, number

    ticks = nearest_to_ticks(arriving(), 10.0)  # type: ignore[arg-type]
    for expected in range(5):
        assert next(ticks) == (expected, expected)
        assert taken == list(range(expected + 1))


def test_a_rate_that_is_not_positive_is_refused() -> None:
    with pytest.raises(ValueError, match="fps"):
        picked([0.0], 0.0)


@given(
    st.lists(st.floats(0.01, 2.0), min_size=1, max_size=40),
    st.floats(0.3, 40.0),
)
def test_every_tick_has_its_nearest_item(steps: list[float], fps: float) -> None:
    times = [0.0]
    for step in steps:
        times.append(times[-1] + step)
    ticks = picked(times, fps)
    assert [tick for tick, _ in ticks] == list(range(len(ticks)))
    assert len(ticks) / fps >= times[-1] - 1e-6
    for tick, time in ticks:
        assert abs(time - tick / fps) <= min(abs(other - tick / fps) for other in times) + 1e-5
