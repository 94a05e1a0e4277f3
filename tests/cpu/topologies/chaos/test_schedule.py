"""The schedule of faults: decided by the seed alone, every kind early and equally often."""

from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from topologies.chaos.schedule import ALL_KINDS, FaultKind, schedule


def test_the_same_seed_gives_the_same_faults_and_another_one_others() -> None:
    assert schedule(1, 20.0) == schedule(1, 20.0)
    assert schedule(1, 20.0) != schedule(2, 20.0)


def test_twenty_minutes_have_more_than_two_hundred_faults_of_all_kinds() -> None:
    faults = schedule(1, 20.0)
    assert len(faults) >= 210
    counts = Counter(fault.kind for fault in faults)
    assert counts.keys() == set(FaultKind)
    assert max(counts.values()) - min(counts.values()) <= 1


@settings(max_examples=50, deadline=None)
@given(
    st.integers(),
    st.floats(0.5, 60.0),
    st.lists(st.sampled_from(ALL_KINDS), min_size=1, unique=True),
    st.one_of(st.none(), st.integers(0, 100)),
)
def test_faults_lie_within_the_time_and_come_in_rounds(
    seed: int, minutes: float, kinds: list[FaultKind], number: int | None
) -> None:
    faults = schedule(seed, minutes, kinds, number)
    assert number is None or len(faults) == number
    assert [fault.at_s for fault in faults] == sorted(fault.at_s for fault in faults)
    assert all(0.0 <= fault.at_s <= 60.0 * minutes for fault in faults)
    assert all(0.0 <= fault.choice < 1.0 and 0.0 <= fault.strength < 1.0 for fault in faults)
    for start in range(0, len(faults) - len(kinds) + 1, len(kinds)):
        assert {fault.kind for fault in faults[start : start + len(kinds)]} == set(kinds)


def test_a_strength_lies_between_its_bounds() -> None:
    for fault in schedule(3, 5.0):
        assert 2.0 <= fault.between((2.0, 5.0)) <= 5.0
