from hypothesis import given
from hypothesis import strategies as st

from pipeline.supervisor.holdings import Holding, missing, note_strays, strays, table_of
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.table import Ownership, Phase


def narrator(name: str, partition: int, generation: int) -> Holding:
    return Holding(Kind.NARRATOR, name, partition, generation)


def reader(name: str, partition: int, generation: int) -> Holding:
    return Holding(Kind.READER, name, partition, generation)


def test_what_goes_on_is_left_alone() -> None:
    held = [narrator("n-0", 0, 7), reader("r-1", 0, 7)]
    (row,) = table_of(1, held, [], now_s=5.0)
    assert row == Ownership(0, Phase.OWNED, 7, "n-0", "r-1", "", since_s=5.0)
    assert strays((row,), held) == ()


def test_a_partition_that_only_one_of_the_two_holds_is_taken_over_anew() -> None:
    for held in (
        [narrator("n-0", 0, 7)],
        [reader("r-0", 0, 7)],
        [narrator("n-0", 0, 7), reader("r-0", 0, 6)],
    ):
        (row,) = table_of(1, held, [], 0.0)
        assert (row.phase, row.generation) == (Phase.UNOWNED, 7)
        assert set(strays((row,), held)) == set(held)


def test_the_highest_generation_counts_also_if_it_was_lost() -> None:
    held = [narrator("n-0", 0, 7), reader("r-0", 0, 7)]
    (row,) = table_of(1, held, [narrator("n-1", 0, 9)], 0.0)
    assert (row.phase, row.generation) == (Phase.UNOWNED, 9)
    newer = [narrator("n-1", 0, 8), reader("r-0", 0, 8)]
    (row,) = table_of(1, [*held, *newer], [], 0.0)
    assert (row.phase, row.generation, row.narrator) == (Phase.OWNED, 8, "n-1")
    assert set(strays((row,), [*held, *newer])) == set(held)


def test_a_stray_of_a_higher_generation_ends_ours() -> None:
    table = (Ownership(0, Phase.OWNED, 3, "n-0", "r-0", ""),)
    found = strays(table, [narrator("n-1", 0, 5)])
    (row,) = note_strays(table, found)
    assert (row.phase, row.generation) == (Phase.UNOWNED, 5)
    assert note_strays(table, strays(table, [narrator("n-1", 0, 2)])) == table


def test_an_owner_that_does_not_know_of_it_has_lost_it() -> None:
    table = (Ownership(0, Phase.OWNED, 3, "n-0", "r-0", "", since_s=10.0),)
    assert missing(table, "n-0", 11.0, []) == table
    assert missing(table, "n-0", 9.0, []) == (), "it was asked before it got it"
    assert missing(table, "n-0", 11.0, [narrator("n-0", 0, 3)]) == ()
    assert missing(table, "n-0", 11.0, [narrator("n-0", 0, 2)]) == table
    assert missing(table, "n-1", 11.0, []) == ()


holdings = st.builds(
    Holding,
    st.sampled_from([Kind.NARRATOR, Kind.READER]),
    st.sampled_from(["a", "b"]),
    st.integers(0, 2),
    st.integers(0, 4),
)


@given(st.lists(holdings, max_size=12), st.lists(holdings, max_size=4))
def test_a_new_supervisor_begins_above_everything(held: list[Holding], given_up: list[Holding]) -> None:
    table = table_of(3, held, given_up, 0.0)
    for holding in [*held, *given_up]:
        row = table[holding.partition]
        assert row.generation >= holding.generation
    for row in table:
        if row.phase is Phase.OWNED:
            assert narrator(row.narrator, row.partition, row.generation) in held
            assert reader(row.reader, row.partition, row.generation) in held
