from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reader.allocation import Demand, allocate
from pipeline.reader.overload import MIN_RATIO

DEMANDS = st.dictionaries(
    st.sampled_from("abcdefgh"), st.builds(Demand, st.integers(0, 9), st.integers(0, 1000)), max_size=8
)
RATIOS = st.floats(MIN_RATIO, 1.0)


@given(DEMANDS, RATIOS)
def test_all_that_can_be_narrated_is_given_out_and_no_more(demands: dict[str, Demand], ratio: float) -> None:
    shares = allocate(demands, ratio)
    assert shares.keys() == demands.keys()
    assert all(MIN_RATIO - 1e-9 <= share <= 1 + 1e-9 for share in shares.values())
    kept = sum(shares[s] * d.num_frames for s, d in demands.items())
    assert kept == pytest.approx(ratio * sum(d.num_frames for d in demands.values()), rel=1e-6, abs=1e-6)


@given(DEMANDS, RATIOS)
def test_a_higher_priority_is_served_before_a_lower_one(demands: dict[str, Demand], ratio: float) -> None:
    shares = allocate(demands, ratio)
    for (one, high), (other, low) in product(demands.items(), repeat=2):
        if high.priority > low.priority and high.num_frames and shares[one] < 1 - 1e-9:
            assert shares[other] <= MIN_RATIO + 1e-9 or not low.num_frames


@given(DEMANDS, RATIOS)
def test_among_equals_nobody_has_more_while_another_one_wants_more(
    demands: dict[str, Demand], ratio: float
) -> None:
    shares = allocate(demands, ratio)
    kept = {s: shares[s] * d.num_frames for s, d in demands.items()}
    for (one, has), (other, wants) in product(demands.items(), repeat=2):
        if has.priority == wants.priority and kept[one] > kept[other] + 1e-6:
            assert kept[one] <= has.num_frames * MIN_RATIO + 1e-6 or shares[other] == pytest.approx(1.0)


def test_a_flood_does_not_take_the_frames_of_its_neighbours() -> None:
    demands = {"flood": Demand(5, 1000), "a": Demand(5, 10), "b": Demand(5, 10)}
    shares = allocate(demands, 0.1)
    assert shares["a"] == shares["b"] == pytest.approx(1.0)
    assert shares["flood"] == pytest.approx(0.082)


def test_streams_alike_lose_alike() -> None:
    shares = allocate({s: Demand(5, 20) for s in "abcd"}, 0.5)
    assert list(shares.values()) == pytest.approx([0.5] * 4)
