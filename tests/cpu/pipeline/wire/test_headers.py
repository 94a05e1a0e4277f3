import pytest

from pipeline.errors import WireError
from pipeline.wire.headers import MAX_NUMBER, HeaderReader

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_the_last_header_of_a_name_wins_and_unknown_ones_do_not_matter() -> None:
    reader = HeaderReader([("epoch", b"1"), ("x", b"\xff"), ("epoch", b" 2 ")])
    assert reader.required_number("epoch") == 2


@pytest.mark.parametrize(
    "text", [b"", b"-1", b"1.5", b"1e3", b"+1", "\u0661".encode(), b"0x10", b"1_0", b"9" * 19, b"9" * 30]
)
def test_numbers_that_are_none(text: bytes) -> None:
    with pytest.raises(WireError, match="epoch") as caught:
        HeaderReader([("epoch", text)]).required_number("epoch")
    assert caught.value.code == "header-invalid"


def test_the_largest_number_fits_63_bits() -> None:
    assert HeaderReader([("epoch", str(MAX_NUMBER).encode())]).number("epoch") == MAX_NUMBER


def test_a_missing_header_and_one_that_is_no_text() -> None:
    with pytest.raises(WireError) as missing:
        HeaderReader([]).required_text("content-type")
    assert missing.value.code == "header-missing"
    with pytest.raises(WireError) as invalid:
        HeaderReader([("content-type", b"\xff")]).text("content-type")
    assert invalid.value.code == "header-invalid"


def test_a_header_with_a_null_value_is_empty_text() -> None:
    assert HeaderReader([("a", None)]).text("a") == ""


@pytest.mark.parametrize("text", [b"yes", b"1", b"TRUE", b""])
def test_flags_are_true_or_false(text: bytes) -> None:
    with pytest.raises(WireError, match="true or false"):
        HeaderReader([("end-of-stream", text)]).flag("end-of-stream")


@pytest.mark.parametrize("text", [b"", b"00-xyz", b"\xff", TRACE.upper().encode()])
def test_a_malformed_trace_context_is_no_reason_to_refuse_a_record(text: bytes) -> None:
    assert HeaderReader([("traceparent", text)]).traceparent() is None


def test_trace_context_is_read() -> None:
    reader = HeaderReader([("traceparent", TRACE.encode()), ("tracestate", b"a=1")])
    assert (reader.traceparent(), reader.tracestate()) == (TRACE, "a=1")
    assert HeaderReader([("tracestate", b"\xff")]).tracestate() is None
