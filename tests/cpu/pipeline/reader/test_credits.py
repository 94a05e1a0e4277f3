import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reader.credits import Credits


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=60))
def test_neither_bound_is_passed_but_by_one_large_record(events):
    credits = Credits(num_records=4, num_bytes=30)
    in_flight = []
    for goes, size in events:
        if goes and credits.allows(size):
            credits.take(size)
            in_flight.append(size)
        elif not goes and in_flight:
            credits.give_back(1, in_flight.pop(0))
        assert len(in_flight) <= 4
        assert sum(in_flight) <= 30 or len(in_flight) == 1
        assert (credits.num_records, credits.num_bytes) == (len(in_flight), sum(in_flight))


def test_a_record_larger_than_all_bytes_goes_alone():
    credits = Credits(num_records=4, num_bytes=30)
    assert credits.allows(1000)
    credits.take(1000)
    assert not credits.allows(0 + 1)
    assert credits.num_free == 0
    credits.give_back(1, 1000)
    assert credits.num_free == 4


def test_more_than_was_taken_is_refused():
    credits = Credits(num_records=4, num_bytes=30)
    credits.take(5)
    with pytest.raises(ValueError, match="2 records"):
        credits.give_back(2, 5)
