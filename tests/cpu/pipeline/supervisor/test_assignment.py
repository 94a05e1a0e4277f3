from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.supervisor.assignment import (
    assign,
    handed_over,
    handing_over,
    lost,
    narrator_lost,
    outpaced,
    pin,
    reader_lost,
    refused,
    taken_over,
)
from pipeline.supervisor.table import Phase, Table, new_table

ALL = range(8)
EQUAL = (1.0,) * 8
NARRATORS = ("n-0", "n-1", "n-2")
READERS = ("r-0", "r-1")


def owned(table: Table) -> Table:
    """All takeovers succeed."""
    for row in table:
        table = taken_over(table, row.partition, row.generation, now_s=0.0)
    return table


def test_partitions_are_spread_evenly() -> None:
    table = assign(new_table(8), ALL, NARRATORS, READERS, EQUAL)
    assert sorted(Counter(row.narrator for row in table).values()) == [2, 3, 3]
    assert max(Counter(row.reader for row in table).values()) <= 5
    assert {(row.phase, row.generation) for row in table} == {(Phase.TAKING_OVER, 1)}


def test_a_heavy_partition_gets_a_narrator_of_its_own() -> None:
    table = assign(new_table(4), range(4), ("n-0", "n-1"), READERS, (1.0, 1.0, 3.0, 1.0))
    alone = table[2].narrator
    assert [row.partition for row in table if row.narrator == alone] == [2]


def test_nothing_is_assigned_without_a_narrator_or_a_reader() -> None:
    table = new_table(8)
    assert assign(table, ALL, (), READERS, EQUAL) == table
    assert assign(table, ALL, NARRATORS, (), EQUAL) == table


def test_only_the_partitions_of_a_lost_narrator_move() -> None:
    table = owned(assign(new_table(8), ALL, NARRATORS, READERS, EQUAL))
    after = narrator_lost(table, "n-1", "killed")
    moved = [row.partition for row in table if row.narrator == "n-1"]
    assert [row.partition for row in after if row.phase is Phase.UNOWNED] == moved
    assert all(row.reason == "killed" for row in after if row.phase is Phase.UNOWNED)
    again = assign(after, ALL, ("n-0", "n-2"), READERS, EQUAL)
    assert all(row.generation == (2 if row.partition in moved else 1) for row in again)
    assert {row.narrator for row in again} == {"n-0", "n-2"}


def test_partitions_of_a_lost_reader_stay_at_their_narrators() -> None:
    table = owned(assign(new_table(8), ALL, NARRATORS, READERS, EQUAL))
    after = reader_lost(table, "r-1", "killed")
    for old, new in zip(table, after, strict=True):
        assert new.phase is (Phase.HANDING_OVER if old.reader == "r-1" else Phase.OWNED)
        after = handed_over(after, new.partition, new.generation)
    again = assign(after, ALL, NARRATORS, ("r-0",), EQUAL)
    assert [row.narrator for row in again] == [row.narrator for row in table]
    assert {row.reader for row in again} == {"r-0"}


def test_a_takeover_whose_reader_is_lost_begins_again() -> None:
    table = assign(new_table(1), ALL, NARRATORS, ("r-0",), EQUAL)
    assert reader_lost(table, "r-0", "killed")[0].phase is Phase.UNOWNED


def test_a_partition_that_waits_is_not_assigned() -> None:
    table = assign(new_table(3), (0, 2), NARRATORS, READERS, EQUAL)
    assert [row.phase for row in table] == [Phase.TAKING_OVER, Phase.UNOWNED, Phase.TAKING_OVER]


def test_reports_about_old_generations_change_nothing() -> None:
    table = assign(new_table(1), ALL, NARRATORS, READERS, EQUAL)
    table = assign(lost(table, 0, 1, "commit failed"), ALL, NARRATORS, READERS, EQUAL)
    assert table[0].generation == 2
    assert taken_over(table, 0, 1, 0.0) == table
    assert lost(table, 0, 1, "late report") == table
    assert refused(table, 0, 1, "late report") == table
    assert taken_over(table, 0, 2, 7.0)[0].phase is Phase.OWNED


def test_after_a_failed_takeover_another_narrator_tries() -> None:
    table = assign(new_table(1), ALL, NARRATORS, READERS, EQUAL)
    failed = refused(table, 0, 1, "no way to Kafka from there")
    assert assign(failed, ALL, NARRATORS, READERS, EQUAL)[0].narrator != table[0].narrator
    assert assign(failed, ALL, (table[0].narrator,), READERS, EQUAL)[0].narrator == table[0].narrator


def test_the_next_generation_is_above_the_one_found_in_the_log() -> None:
    table = assign(new_table(1), ALL, NARRATORS, READERS, EQUAL)
    table = outpaced(table, 0, 41, "another owner")
    assert table[0].phase is Phase.UNOWNED
    assert assign(table, ALL, NARRATORS, READERS, EQUAL)[0].generation == 42


def test_a_move_ends_where_it_was_to_end() -> None:
    table = owned(assign(new_table(8), ALL, NARRATORS, READERS, EQUAL))
    row = table[5]
    target = next(name for name in NARRATORS if name != row.narrator)
    table = handing_over(table, 5, "is moved", narrator=target, reader=row.reader)
    assert (table[5].phase, table[5].narrator) == (Phase.HANDING_OVER, row.narrator)
    assert lost(table, 5, 1, "released") == table, "the old owner is told to give it up"
    table = assign(handed_over(table, 5, 1), ALL, NARRATORS, READERS, EQUAL)
    assert (table[5].narrator, table[5].reader, table[5].generation) == (target, row.reader, 2)
    assert table[5].next_narrator == "", "it was for this one move"


def test_a_pinned_partition_returns_to_its_narrator_until_that_is_gone() -> None:
    table = owned(assign(new_table(1), ALL, NARRATORS, READERS, EQUAL))
    elsewhere = next(name for name in NARRATORS if name != table[0].narrator)
    table = pin(table, 0, elsewhere)
    for generation in (2, 3):
        table = lost(table, 0, generation - 1, "commit failed")
        table = owned(assign(table, ALL, NARRATORS, READERS, EQUAL))
        assert (table[0].narrator, table[0].generation) == (elsewhere, generation)
    assert narrator_lost(table, elsewhere, "killed")[0].pinned == ""


@given(st.lists(st.floats(0.1, 10.0), min_size=8, max_size=8), st.integers(1, 5))
def test_nobody_gets_much_more_than_the_average(weights: list[float], num_narrators: int) -> None:
    names = [f"n-{i}" for i in range(num_narrators)]
    table = assign(new_table(8), ALL, names, READERS, weights)
    loads = [sum(weights[row.partition] for row in table if row.narrator == name) for name in names]
    assert max(loads) <= 1.25 * sum(weights) / num_narrators + max(weights)


events = st.lists(
    st.one_of(
        st.tuples(st.just("assign"), st.sets(st.sampled_from(NARRATORS)), st.sets(st.sampled_from(READERS))),
        st.tuples(st.just("owned"), st.integers(0, 7)),
        st.tuples(st.just("lost"), st.integers(0, 7)),
        st.tuples(st.just("refused"), st.integers(0, 7)),
        st.tuples(st.just("move"), st.integers(0, 7), st.sampled_from(NARRATORS)),
        st.tuples(st.just("moved"), st.integers(0, 7)),
        st.tuples(st.just("pin"), st.integers(0, 7), st.sampled_from(NARRATORS)),
        st.tuples(st.just("outpaced"), st.integers(0, 7), st.integers(0, 20)),
        st.tuples(st.just("narrator"), st.sampled_from(NARRATORS)),
        st.tuples(st.just("reader"), st.sampled_from(READERS)),
    ),
    max_size=40,
)


def happen(table: Table, name: str, *values: Any) -> Table:
    """One event; it may be about nothing that is there."""
    steps: dict[str, Callable[..., Table]] = {
        "assign": lambda narrators, readers: assign(table, ALL, sorted(narrators), sorted(readers), EQUAL),
        "owned": lambda p: taken_over(table, p, table[p].generation, 0.0),
        "lost": lambda p: lost(table, p, table[p].generation, "lost"),
        "refused": lambda p: refused(table, p, table[p].generation, "refused"),
        "move": lambda p, narrator: handing_over(table, p, "moved", narrator=narrator),
        "moved": lambda p: handed_over(table, p, table[p].generation),
        "pin": lambda p, narrator: pin(table, p, narrator),
        "outpaced": lambda p, found: outpaced(table, p, found, "found"),
        "narrator": lambda narrator: narrator_lost(table, narrator, "gone"),
        "reader": lambda reader: reader_lost(table, reader, "gone"),
    }
    return steps[name](*values)


@given(events)
def test_generations_only_grow_and_unowned_rows_name_nobody(events: list[tuple[Any, ...]]) -> None:
    table = new_table(8)
    given_out: dict[int, list[int]] = {partition: [] for partition in ALL}
    for event in events:
        before, table = table, happen(table, *event)
        for old, new in zip(before, table, strict=True):
            assert new.generation >= old.generation
            if new.phase is Phase.TAKING_OVER and old.phase is Phase.UNOWNED:
                given_out[new.partition].append(new.generation)
            assert (new.phase is Phase.UNOWNED) == (new.narrator == "") == (new.reader == "")
            if event[0] == "narrator":
                assert event[1] not in (new.narrator, new.pinned, new.next_narrator)
            if event[0] == "reader":
                assert new.reader != event[1] or new.phase is Phase.HANDING_OVER
    assert all(sorted(set(seen)) == seen for seen in given_out.values())
