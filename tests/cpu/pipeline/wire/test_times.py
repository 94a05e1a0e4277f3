import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WireError
from pipeline.wire.times import MAX_TIME_NS, MIN_TIME_NS, format_time, parse_time


@given(st.integers(MIN_TIME_NS, MAX_TIME_NS))
def test_every_nanosecond_survives_the_way_to_text_and_back(time_ns: int) -> None:
    assert parse_time(format_time(time_ns)) == time_ns


@given(st.lists(st.integers(MIN_TIME_NS, MAX_TIME_NS), min_size=2, max_size=2))
def test_texts_sort_as_their_times_do(times: list[int]) -> None:
    earlier, later = sorted(times)
    assert format_time(earlier) <= format_time(later)


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (0, "1970-01-01T00:00:00.000000000Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_767_323_045_000_000_006, "2026-01-02T03:04:05.000000006Z"),
        (MIN_TIME_NS, "0001-01-01T00:00:00.000000000Z"),
        (MAX_TIME_NS, "9999-12-31T23:59:59.999999999Z"),
    ],
)
def test_known_times(time_ns: int, text: str) -> None:
    assert format_time(time_ns) == text
    assert parse_time(text) == time_ns


@pytest.mark.parametrize(
    "text", ["2026-01-02T05:04:05.5+02:00", "2026-01-02t03:04:05.500z", "2026-01-02 03:04:05.5Z"]
)
def test_other_forms_of_rfc_3339_are_read(text: str) -> None:
    assert format_time(parse_time(text)) == "2026-01-02T03:04:05.500000000Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-01-02",
        "2026-01-02T03:04:05",
        "2026-02-30T00:00:00Z",
        "2026-01-02T03:04:05.Z",
        "1_0",
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(WireError, match="RFC 3339") as caught:
        parse_time(text)
    assert caught.value.code == "time-invalid"


@pytest.mark.parametrize("time_ns", [MIN_TIME_NS - 1, MAX_TIME_NS + 1])
def test_times_that_text_cannot_hold_are_refused(time_ns: int) -> None:
    with pytest.raises(ValueError, match="years 1 to 9999"):
        format_time(time_ns)
