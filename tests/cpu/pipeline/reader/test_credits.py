import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reader.credits import Credits


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 40)), max_size=80))
def test_no_bound_is_passed_but_by_one_large_record(events):
    credits = Credits(num_with_frames=4, num_bare=7, num_bytes=30)
    in_flight = []
    for goes, has_frames, size in events:
        if goes and credits.allows(size, has_frames=has_frames):
            credits.take(size, has_frames=has_frames)
            in_flight.append((has_frames, size))
        elif not goes and in_flight:
            had_frames, size_back = in_flight.pop(0)
            credits.give_back(int(had_frames), int(not had_frames), size_back)
        num_with_frames = sum(1 for had_frames, _ in in_flight if had_frames)
        total = sum(size for _, size in in_flight)
        assert num_with_frames <= 4
        assert len(in_flight) - num_with_frames <= 7
        assert total <= 30 or len(in_flight) == 1
        assert (credits.num_records, credits.num_bytes) == (len(in_flight), total)


def test_a_record_larger_than_all_bytes_goes_alone():
    credits = Credits(num_with_frames=4, num_bare=4, num_bytes=30)
    assert credits.allows(1000, has_frames=True)
    credits.take(1000, has_frames=True)
    assert not credits.allows(0 + 1, has_frames=False)
    assert not credits.are_left
    credits.give_back(1, 0, 1000)
    assert credits.are_left


def test_bare_records_do_not_wait_for_those_with_frames():
    credits = Credits(num_with_frames=1, num_bare=100, num_bytes=30)
    credits.take(10, has_frames=True)
    assert not credits.allows(1, has_frames=True)
    assert credits.allows(1, has_frames=False)


def test_a_lower_bound_holds_back_frames_only():
    credits = Credits(num_with_frames=4, num_bare=4, num_bytes=30)
    credits.take(1, has_frames=True)
    assert not credits.allows(1, has_frames=True, max_with_frames=1)
    assert credits.allows(1, has_frames=True, max_with_frames=9)
    assert credits.allows(1, has_frames=False, max_with_frames=1)


def test_more_than_was_taken_is_refused():
    credits = Credits(num_with_frames=4, num_bare=4, num_bytes=30)
    credits.take(5, has_frames=True)
    with pytest.raises(ValueError, match="2 records"):
        credits.give_back(2, 0, 5)
    with pytest.raises(ValueError, match="1 without"):
        credits.give_back(0, 1, 5)
