import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WireError
from pipeline.messages.dead_letter import DeadLetter
from pipeline.wire.dead_letter import ERROR_HEADERS, MAX_MESSAGE_BYTES, decode_dead_letter, encode_dead_letter

WORDS = st.from_regex(r"[a-z][a-z-]{0,20}", fullmatch=True)

LETTERS = st.builds(
    DeadLetter,
    topic=WORDS,
    partition=st.integers(0, 10_000),
    offset=st.integers(0, 2**60),
    timestamp_ms=st.integers(0, 2**45),
    key=st.none() | st.binary(max_size=20),
    value=st.none() | st.binary(max_size=20),
    headers=st.lists(st.tuples(st.sampled_from([*ERROR_HEADERS, "epoch"]), st.binary(max_size=9))).map(tuple),
    code=WORDS,
    message=st.text(max_size=80).map(str.strip),
    stage=WORDS,
)

LETTER = DeadLetter(
    "frames", 1, 2, 3, b"k", b"v", (("epoch", b"1"),), "image-corrupt", "not a JPEG", "reader"
)


@given(LETTERS, st.integers(0, 2**61))
def test_dead_letters_survive_the_way_to_kafka_and_back(letter: DeadLetter, time_ns: int) -> None:
    headers = encode_dead_letter(letter, time_ns)
    assert decode_dead_letter(letter.key, letter.value, headers) == (letter, time_ns)


def test_the_original_headers_come_first_and_the_reasons_behind_them() -> None:
    assert encode_dead_letter(LETTER, 5) == (
        ("epoch", b"1"),
        ("error-code", b"image-corrupt"),
        ("error-message", b"not a JPEG"),
        ("error-stage", b"reader"),
        ("error-topic", b"frames"),
        ("error-partition", b"1"),
        ("error-offset", b"2"),
        ("error-timestamp", b"3"),
        ("error-time", b"1970-01-01T00:00:00.000000005Z"),
    )


def test_a_long_message_is_cut_between_characters() -> None:
    letter = DeadLetter("t", 0, 0, 0, None, None, (), "c", "é" * MAX_MESSAGE_BYTES, "s")
    message = dict(encode_dead_letter(letter, 0))["error-message"]
    assert len(message) <= MAX_MESSAGE_BYTES
    assert set(message.decode()) == {"é"}


def test_another_record_is_refused() -> None:
    with pytest.raises(WireError) as caught:
        decode_dead_letter(b"k", b"v", (("epoch", b"1"),))
    assert caught.value.code == "header-missing"
