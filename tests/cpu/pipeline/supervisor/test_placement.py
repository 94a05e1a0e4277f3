from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.supervisor.placement import SLACK, Placement, ranking

FIRST = ["n-1", "n-1", "n-0", "n-0", "n-2", "n-0", "n-1", "n-2"]


def place_all(num_partitions: int, names: list[str]) -> list[str]:
    placement = Placement(names, num_partitions, [])
    return [placement.place(partition, 1.0) for partition in range(num_partitions)]


def test_the_ranking_is_the_same_for_ever() -> None:
    """A new supervisor, on another machine, must come to the same result."""
    assert [ranking(partition, ["n-0", "n-1", "n-2"])[0] for partition in range(8)] == FIRST


@given(st.integers(0, 1000), st.integers(2, 9))
def test_an_actor_more_changes_no_other_rank(partition: int, num_actors: int) -> None:
    names = [f"n-{i}" for i in range(num_actors)]
    assert [n for n in ranking(partition, names) if n != "n-0"] == ranking(partition, names[1:])


@given(st.integers(1, 64), st.integers(1, 6))
def test_loads_are_bounded(num_partitions: int, num_actors: int) -> None:
    names = [f"n-{i}" for i in range(num_actors)]
    counts = Counter(place_all(num_partitions, names))
    assert max(counts.values()) <= max(
        1, -(-num_partitions // num_actors), (1 + SLACK) * num_partitions / num_actors
    )


def test_few_partitions_move_when_one_of_many_actors_leaves() -> None:
    names = [f"n-{i}" for i in range(8)]
    before, after = place_all(64, names), place_all(64, names[:-1])
    stayed = sum(old == new for old, new in zip(before, after, strict=True) if old != names[-1])
    assert stayed >= 0.8 * sum(old != names[-1] for old in before)


def test_what_is_wanted_counts_more_than_room() -> None:
    placement = Placement(["n-0", "n-1"], 4.0, [("n-0", 3.0), ("gone", 9.0)])
    assert placement.place(0, 1.0, wanted="n-0") == "n-0"
    assert placement.place(0, 1.0, wanted="gone") == "n-1"
    assert Placement(["n-0"], 1.0, []).place(0, 1.0, shunned="n-0") == "n-0"
