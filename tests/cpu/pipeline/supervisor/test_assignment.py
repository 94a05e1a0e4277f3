from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.supervisor.assignment import (
    Ownership,
    Phase,
    actor_lost,
    assign,
    lost,
    new_table,
    outpaced,
    rebalance,
    taken_over,
)

ALL = range(8)
NARRATORS = ("n-0", "n-1", "n-2")
READERS = ("r-0", "r-1")


def test_partitions_are_spread_evenly():
    table = assign(new_table(8), ALL, NARRATORS, READERS)
    assert sorted(Counter(row.narrator for row in table).values()) == [2, 3, 3]
    assert sorted(Counter(row.reader for row in table).values()) == [4, 4]
    assert {(row.phase, row.generation) for row in table} == {(Phase.TAKING_OVER, 1)}


def test_nothing_is_assigned_without_a_narrator_or_a_reader():
    table = new_table(8)
    assert assign(table, ALL, (), READERS) == table
    assert assign(table, ALL, NARRATORS, ()) == table


def test_only_the_partitions_of_a_lost_actor_move():
    table = assign(new_table(8), ALL, NARRATORS, READERS)
    for row in table:
        table = taken_over(table, row.partition, row.generation)
    after = actor_lost(table, "n-1", "killed")
    moved = [row.partition for row in table if row.narrator == "n-1"]
    assert [row.partition for row in after if row.phase is Phase.UNOWNED] == moved
    assert all(row.reason == "killed" for row in after if row.phase is Phase.UNOWNED)
    again = assign(after, ALL, ("n-0", "n-2"), READERS)
    assert all(row.generation == (2 if row.partition in moved else 1) for row in again)
    assert {row.narrator for row in again} == {"n-0", "n-2"}


def test_a_partition_that_waits_is_not_assigned():
    table = assign(new_table(3), (0, 2), NARRATORS, READERS)
    assert [row.phase for row in table] == [Phase.TAKING_OVER, Phase.UNOWNED, Phase.TAKING_OVER]


def test_reports_about_old_generations_change_nothing():
    table = assign(new_table(1), ALL, NARRATORS, READERS)
    table = assign(lost(table, 0, 1, "commit failed"), ALL, NARRATORS, READERS)
    assert table[0].generation == 2
    assert taken_over(table, 0, 1) == table
    assert lost(table, 0, 1, "late report") == table
    assert taken_over(table, 0, 2)[0].phase is Phase.OWNED


def test_the_next_generation_is_above_the_one_found_in_the_log():
    table = assign(new_table(1), ALL, NARRATORS, READERS)
    table = outpaced(table, 0, 41, "another owner")
    assert table[0].phase is Phase.UNOWNED
    assert assign(table, ALL, NARRATORS, READERS)[0].generation == 42


def all_owned(narrators: list[str], readers: list[str]):
    """A table in which partition i is owned by these actors."""
    return tuple(
        Ownership(i, Phase.OWNED, 1, narrator, reader, "")
        for i, (narrator, reader) in enumerate(zip(narrators, readers, strict=True))
    )


def test_a_replaced_actor_gets_its_share_one_by_one():
    table = all_owned(["n-0"] * 5, ["r-0"] * 5)
    num_moves = 0
    while (moved := rebalance(table, ("n-0", "n-1"), ("r-0",))) != table:
        num_moves += 1
        assert sum(row.phase is Phase.UNOWNED for row in moved) == 1
        assert rebalance(moved, ("n-0", "n-1"), ("r-0",)) == moved, "one takeover at a time"
        table = assign(moved, ALL, ("n-0", "n-1"), ("r-0",))
        for row in table:
            table = taken_over(table, row.partition, row.generation)
    assert num_moves == 2
    assert sorted(Counter(row.narrator for row in table).values()) == [2, 3]


@given(
    st.lists(st.tuples(st.sampled_from(NARRATORS), st.sampled_from(READERS)), min_size=8, max_size=8),
    st.sets(st.sampled_from(NARRATORS), min_size=1),
    st.sets(st.sampled_from(READERS), min_size=1),
)
def test_rebalancing_comes_to_an_end(owners, narrators, readers):
    table = all_owned([narrator for narrator, _ in owners], [reader for _, reader in owners])
    for _ in range(20):
        moved = rebalance(table, narrators, readers)
        if moved == table:
            break
        table = assign(moved, ALL, narrators, readers)
        for row in table:
            table = taken_over(table, row.partition, row.generation)
    assert rebalance(table, narrators, readers) == table
    loads = Counter(row.narrator for row in table)
    ready = [loads[name] for name in narrators]
    assert max(ready) - min(ready) <= 1


events = st.lists(
    st.one_of(
        st.tuples(st.just("assign"), st.sets(st.sampled_from(NARRATORS)), st.sets(st.sampled_from(READERS))),
        st.tuples(st.just("owned"), st.integers(0, 7)),
        st.tuples(st.just("lost"), st.integers(0, 7)),
        st.tuples(st.just("outpaced"), st.integers(0, 7), st.integers(0, 20)),
        st.tuples(st.just("actor"), st.sampled_from(NARRATORS + READERS)),
    ),
    max_size=40,
)


@given(events)
def test_generations_only_grow_and_unowned_rows_name_nobody(events):
    table = new_table(8)
    given_out: dict[int, list[int]] = {partition: [] for partition in ALL}
    for name, *values in events:
        before = table
        if name == "assign":
            table = assign(table, ALL, sorted(values[0]), sorted(values[1]))
        elif name == "owned":
            table = taken_over(table, values[0], table[values[0]].generation)
        elif name == "lost":
            table = lost(table, values[0], table[values[0]].generation, "lost")
        elif name == "outpaced":
            table = outpaced(table, values[0], values[1], "found")
        else:
            table = actor_lost(table, values[0], "gone")
        for old, new in zip(before, table, strict=True):
            assert new.generation >= old.generation
            if new.phase is Phase.TAKING_OVER and old.phase is Phase.UNOWNED:
                given_out[new.partition].append(new.generation)
            assert (new.phase is Phase.UNOWNED) == (new.narrator == "") == (new.reader == "")
    assert all(sorted(set(seen)) == seen for seen in given_out.values())
