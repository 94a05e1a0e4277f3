import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WireError
from pipeline.wire.stream_id import check_stream_id, parse_stream_key

PARTS = st.from_regex(r"[A-Za-z0-9._:~-]{1,12}", fullmatch=True).filter(lambda part: part not in (".", ".."))


@given(st.lists(PARTS, min_size=1, max_size=10).map("/".join))
def test_every_valid_id_is_taken_and_read_back_from_a_key(stream: str) -> None:
    assert check_stream_id(stream) == stream
    assert parse_stream_key(stream.encode()) == stream


@given(st.binary(max_size=220))
def test_a_key_is_a_valid_id_or_refused_with_the_code(key: bytes) -> None:
    is_valid = re.fullmatch(rb"[A-Za-z0-9._:/~-]{1,200}", key) is not None
    if is_valid and all(part not in (b"", b".", b"..") for part in key.split(b"/")):
        assert parse_stream_key(key).encode() == key
    else:
        with pytest.raises(WireError) as caught:
            parse_stream_key(key)
        assert caught.value.code == "stream-id-invalid"


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        ("", "empty"),
        ("a" * 201, "201 characters"),
        ("/a", "begins or ends"),
        ("a/", "begins or ends"),
        ("a//b", "'//'"),
        ("a/./b", "part '.'"),
        ("..", "part '..'"),
        ("cam 1", "only letters"),
        ("caméra", "only letters"),
        ("a\n", "only letters"),
        ("a#b", "only letters"),
    ],
)
def test_why_an_id_is_refused(stream: str, why: str) -> None:
    with pytest.raises(WireError, match=re.escape(why)):
        check_stream_id(stream)


@pytest.mark.parametrize("key", [None, b"", b"\xff\xfe", "ü".encode()])
def test_keys_that_are_no_id(key: bytes | None) -> None:
    with pytest.raises(WireError) as caught:
        parse_stream_key(key)
    assert caught.value.code == "stream-id-invalid"


def test_the_longest_id_is_taken() -> None:
    assert check_stream_id("a" * 200)
