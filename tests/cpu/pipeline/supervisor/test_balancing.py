from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.supervisor.assignment import assign, handed_over, handing_over, pin, taken_over
from pipeline.supervisor.balancing import Move, move_to_pin, rebalance
from pipeline.supervisor.table import Ownership, Phase, Table

NARRATORS = ("n-0", "n-1", "n-2")
READERS = ("r-0", "r-1")


def all_owned(narrators: list[str], readers: list[str]) -> Table:
    """A table in which partition i is owned by these actors."""
    return tuple(
        Ownership(i, Phase.OWNED, 1, narrator, reader, "")
        for i, (narrator, reader) in enumerate(zip(narrators, readers, strict=True))
    )


def carried_out(
    table: Table, move: Move, narrators: tuple[str, ...], readers: tuple[str, ...], weights: list[float]
) -> Table:
    """The move from its beginning to its end."""
    row = table[move.partition]
    table = handing_over(table, move.partition, move.reason, move.narrator, move.reader)
    assert rebalance(table, narrators, readers, weights) is None, "one move at a time"
    table = handed_over(table, move.partition, row.generation)
    table = assign(table, range(len(table)), narrators, readers, weights)
    return taken_over(table, move.partition, row.generation + 1, 0.0)


def settled(
    table: Table, narrators: tuple[str, ...], readers: tuple[str, ...], weights: list[float]
) -> tuple[Table, list[int]]:
    """The table when nothing moves any more, and the partitions that moved."""
    moved = []
    while move := rebalance(table, narrators, readers, weights):
        moved.append(move.partition)
        table = carried_out(table, move, narrators, readers, weights)
        assert len(moved) <= 2 * len(table), "it comes to an end"
    return table, moved


def test_a_replaced_narrator_gets_its_share_one_by_one() -> None:
    table, moved = settled(all_owned(["n-0"] * 5, ["r-0"] * 5), ("n-0", "n-1"), ("r-0",), [1.0] * 5)
    assert len(moved) == 2
    assert sorted(Counter(row.narrator for row in table).values()) == [2, 3]


def test_few_partitions_move_when_a_narrator_joins() -> None:
    before = all_owned([f"n-{i % 2}" for i in range(64)], ["r-0"] * 64)
    table, moved = settled(before, NARRATORS, ("r-0",), [1.0] * 64)
    assert len(moved) == len(set(moved)) <= 22
    assert {row.partition for row in table if row.narrator == "n-2"} == set(moved)
    assert max(Counter(row.narrator for row in table).values()) <= 27


def test_a_move_that_only_swaps_names_is_not_made() -> None:
    table = all_owned(["n-0", "n-1", "n-1"], ["r-0"] * 3)
    assert rebalance(table, ("n-0", "n-1"), ("r-0",), [1.0, 0.0, 5.0]) is None
    assert rebalance(table, ("n-0", "n-1"), ("r-0",), [1.0, 1.0, 1.0]) is None


def test_loads_that_fluctuate_move_nothing() -> None:
    table = all_owned(["n-0", "n-0", "n-1", "n-1"], ["r-0"] * 4)
    assert rebalance(table, ("n-0", "n-1"), ("r-0",), [2.6, 3.5, 2.0, 1.9]) is None
    swinging = [2.6, 3.7, 2.0, 1.7]
    assert rebalance(table, ("n-0", "n-1"), ("r-0",), swinging) is None, "it would swing back"


def test_a_partition_that_was_moved_rests() -> None:
    table = all_owned(["n-0"] * 4, ["r-0"] * 4)
    move = rebalance(table, ("n-0", "n-1"), ("r-0",), [1.0] * 4)
    assert move is not None
    other = rebalance(table, ("n-0", "n-1"), ("r-0",), [1.0] * 4, resting={move.partition})
    assert other is not None
    assert other.partition != move.partition
    assert rebalance(table, ("n-0", "n-1"), ("r-0",), [1.0] * 4, resting=range(4)) is None


def test_load_counts_and_not_the_number_of_partitions() -> None:
    table = all_owned(["n-0", "n-0", "n-1", "n-1"], ["r-0"] * 4)
    move = rebalance(table, ("n-0", "n-1"), ("r-0",), [9.0, 8.0, 1.0, 1.0])
    assert move is not None
    assert (move.partition, move.narrator) in {(0, "n-1"), (1, "n-1")}


def test_a_partition_goes_to_another_reader_and_stays_at_its_narrator() -> None:
    table = all_owned(["n-0", "n-1", "n-0", "n-1"], ["r-0"] * 4)
    move = rebalance(table, ("n-0", "n-1"), READERS, [1.0] * 4)
    assert move is not None
    assert (move.narrator, move.reader) == (table[move.partition].narrator, "r-1")


def test_pinned_partitions_are_left_where_they_are() -> None:
    table = all_owned(["n-0"] * 4, ["r-0"] * 4)
    for partition in range(4):
        table = pin(table, partition, "n-0")
    assert rebalance(table, ("n-0", "n-1"), ("r-0",), [1.0] * 4) is None


def test_a_pin_moves_a_partition_that_is_elsewhere() -> None:
    table = pin(all_owned(["n-0", "n-1"], ["r-0"] * 2), 1, "n-0")
    move = move_to_pin(table, ("n-0", "n-1"))
    assert move is not None
    assert (move.partition, move.narrator) == (1, "n-0")
    assert move_to_pin(table, ("n-1",)) is None, "it can't take it now"
    assert move_to_pin(pin(table, 1, "n-1"), ("n-0", "n-1")) is None


@given(
    st.lists(
        st.tuples(st.sampled_from(NARRATORS), st.sampled_from(READERS), st.floats(0.1, 9.0)),
        min_size=1,
        max_size=8,
    ),
    st.sets(st.sampled_from(NARRATORS), min_size=1),
    st.sets(st.sampled_from(READERS), min_size=1),
)
def test_rebalancing_comes_to_an_end_and_never_makes_it_worse(
    rows: list[tuple[str, str, float]], narrators: set[str], readers: set[str]
) -> None:
    weights = [weight for _, _, weight in rows]
    # Who is not there any more has nothing.
    owners = [
        (n if n in narrators else min(narrators), r if r in readers else min(readers)) for n, r, _ in rows
    ]
    before = all_owned([narrator for narrator, _ in owners], [reader for _, reader in owners])
    after, _ = settled(before, tuple(sorted(narrators)), tuple(sorted(readers)), weights)
    assert most_loaded(after, weights) <= most_loaded(before, weights)


def most_loaded(table: Table, weights: list[float]) -> float:
    return max(
        sum(weight for row, weight in zip(table, weights, strict=True) if row.narrator == name)
        for name in {row.narrator for row in table}
    )
