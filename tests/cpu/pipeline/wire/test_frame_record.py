from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import RecordTooLargeError, WireError
from pipeline.wire.frame_record import (
    IMAGE_TYPES,
    VIDEO_TYPES,
    FrameHeaders,
    check_record_size,
    format_frame_headers,
    parse_frame_headers,
)

NUMBERS = st.integers(0, 2**62)
TRACES = st.none() | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", fullmatch=True)

JPEG = {"content-type": "image/jpeg", "capture-time": "1000", "epoch": "7", "sequence": "0"}
GOP = JPEG | {"content-type": "video/h264", "frame-count": "3"}


@st.composite
def frame_headers(draw: st.DrawFn) -> FrameHeaders:
    content_type = draw(st.sampled_from(sorted(IMAGE_TYPES | VIDEO_TYPES)))
    times = [draw(NUMBERS)]
    if content_type in VIDEO_TYPES:
        even = draw(st.booleans())
        steps = draw(st.lists(st.integers(1, 10**9), max_size=20))
        for step in [steps[0]] * len(steps) if even and steps else steps:
            times.append(times[-1] + step)
    return FrameHeaders(
        content_type=content_type,
        epoch=draw(NUMBERS),
        sequence=draw(NUMBERS),
        capture_times_ns=tuple(times),
        end_of_stream=draw(st.booleans()),
        traceparent=draw(TRACES),
        tracestate=draw(st.none() | st.from_regex(r"[a-z]=[a-z0-9]{1,10}", fullmatch=True)),
    )


def parse(fields: dict[str, str], *, has_value: bool = True) -> FrameHeaders:
    return parse_frame_headers([(k, v.encode()) for k, v in fields.items()], has_value=has_value)


def refused(fields: dict[str, str], *, has_value: bool = True) -> WireError:
    with pytest.raises(WireError) as caught:
        parse(fields, has_value=has_value)
    return caught.value


@given(frame_headers())
def test_headers_survive_the_way_to_kafka_and_back(headers: FrameHeaders) -> None:
    assert parse_frame_headers(format_frame_headers(headers), has_value=True) == headers


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*GOP, "frame-times", "frame-interval", "end-of-stream"]), st.binary(max_size=30)
        )
    )
)
def test_any_headers_are_read_or_refused_with_a_code(headers: list[tuple[str, bytes]]) -> None:
    code = None
    try:
        parse_frame_headers(headers, has_value=True)
    except WireError as error:
        code = error.code
    assert code in {None, "header-missing", "header-invalid", "content-type-unsupported"}


def test_one_image() -> None:
    headers = parse(JPEG | {"extra": "ignored"})
    assert headers == FrameHeaders("image/jpeg", 7, 0, (1000,))
    assert headers.num_frames == 1


@pytest.mark.parametrize("name", sorted(JPEG))
def test_a_missing_header_is_named(name: str) -> None:
    error = refused({key: value for key, value in JPEG.items() if key != name})
    assert error.code == "header-missing"
    assert name in error.message


@pytest.mark.parametrize("text", ["image/gif", "text/plain", "", "jpeg", "image/jpg"])
def test_other_content_types_are_refused(text: str) -> None:
    assert refused(JPEG | {"content-type": text}).code == "content-type-unsupported"


def test_a_content_type_may_have_capitals_and_parameters() -> None:
    assert parse(JPEG | {"content-type": "Image/JPEG; q=1"}).content_type == "image/jpeg"


def test_groups_of_pictures_with_an_interval_or_with_times() -> None:
    assert parse(GOP | {"frame-interval": "500"}).capture_times_ns == (1000, 1500, 2000)
    assert parse(GOP | {"frame-times": "1000, 1100,1400"}).capture_times_ns == (1000, 1100, 1400)
    assert parse(GOP | {"frame-count": "1"}).num_frames == 1


@pytest.mark.parametrize(
    ("fields", "code", "word"),
    [
        ({}, "header-missing", "frame-interval"),
        ({"frame-interval": "0"}, "header-invalid", "frame-interval"),
        ({"frame-count": "0", "frame-interval": "5"}, "header-invalid", "frame-count"),
        ({"frame-count": "1001", "frame-interval": "5"}, "header-invalid", "1000"),
        ({"frame-times": "1000,1100"}, "header-invalid", "frame-count says 3"),
        ({"frame-times": "999,1100,1200"}, "header-invalid", "capture-time says 1000"),
        ({"frame-times": "1000,1100,1100"}, "header-invalid", "rising"),
        ({"frame-times": "1000,x,1200"}, "header-invalid", "decimal"),
    ],
)
def test_groups_of_pictures_that_contradict_themselves(fields: dict[str, str], code: str, word: str) -> None:
    error = refused(GOP | fields)
    assert error.code == code
    assert word in error.message


def test_a_group_of_pictures_needs_its_frame_count() -> None:
    error = refused(JPEG | {"content-type": "video/h264", "frame-interval": "5"})
    assert (error.code, "frame-count" in error.message) == ("header-missing", True)


def test_a_record_without_a_value_must_end_its_stream() -> None:
    assert refused(JPEG, has_value=False).code == "value-missing"
    ended: dict[str, Any] = {"capture-time": "1000", "epoch": "7", "sequence": "3", "end-of-stream": "true"}
    headers = parse(ended, has_value=False)
    assert headers == FrameHeaders("", 7, 3, (1000,), end_of_stream=True)
    assert headers.num_frames == 0
    assert parse_frame_headers(format_frame_headers(headers), has_value=False) == headers


def test_a_record_that_is_too_large_is_refused_before_it_is_sent() -> None:
    check_record_size(100, 100, "frames")
    with pytest.raises(RecordTooLargeError, match="101 bytes") as caught:
        check_record_size(101, 100, "frames")
    assert caught.value.code == "record-too-large"
