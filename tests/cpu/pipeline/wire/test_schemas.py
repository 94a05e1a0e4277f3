"""The AsyncAPI document's headers are those that the codecs write, and no others."""

from collections.abc import Iterable, Iterator
from typing import Any

import jsonschema
import pytest

from operators.narrator.types import FramePosition, Narration
from pipeline.messages.dead_letter import DeadLetter
from pipeline.wire.dead_letter import ERROR_HEADERS, encode_dead_letter
from pipeline.wire.frame_record import (
    IMAGE_TYPES,
    MAX_FRAMES_PER_RECORD,
    VIDEO_TYPES,
    FrameHeaders,
    format_frame_headers,
)
from pipeline.wire.narration_event import NarrationEvent, encode_narration
from pipeline.wire.schemas import load_asyncapi, load_schema
from pipeline.wire.stream_id import MAX_STREAM_ID_LENGTH

DOCUMENT = load_asyncapi()
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def errors(schema: str, headers: Iterable[tuple[str, bytes]]) -> list[str]:
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    )
    fields = {name: value.decode() for name, value in headers}
    unknown = fields.keys() - DOCUMENT["components"]["schemas"][schema]["properties"].keys()
    return [error.message for error in validator.iter_errors(fields)] + sorted(unknown)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        if reference.startswith("./"):
            assert load_schema(reference.removeprefix("./").removesuffix(".json"))
            continue
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


@pytest.mark.parametrize(
    "headers",
    [
        FrameHeaders("image/jpeg", 1, 2, (3,), traceparent=TRACE, tracestate="a=1"),
        FrameHeaders("video/h264", 1, 2, (3, 5, 7), end_of_stream=True),
        FrameHeaders("video/mp4", 1, 2, (3, 5, 8)),
        FrameHeaders("", 1, 2, (3,), end_of_stream=True),
    ],
)
def test_the_headers_of_frames(headers: FrameHeaders) -> None:
    assert errors("frameHeaders", format_frame_headers(headers)) == []


def test_the_bounds_of_frames() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    fields = schemas["frameHeaders"]["properties"]
    assert set(fields["content-type"]["enum"]) == IMAGE_TYPES | VIDEO_TYPES
    assert f"1 to {MAX_FRAMES_PER_RECORD}" in fields["frame-count"]["description"]
    assert schemas["streamId"]["maxLength"] == MAX_STREAM_ID_LENGTH


def test_the_headers_of_narrations() -> None:
    narration = Narration(0, FramePosition(0), FramePosition(1), 0, 1, "text", (1,), 0.1, 0.5, False)
    event = NarrationEvent("live", "a/b", 1, 2, narration, "t", 0, "m", "h", "p", TRACE, TRACE)
    value, headers = encode_narration(event)
    assert value
    assert errors("eventHeaders", headers) == []


def test_the_headers_of_dead_letters() -> None:
    letter = DeadLetter("t", 1, 2, 3, None, b"", (), "image-corrupt", "why", "reader")
    assert errors("deadLetterHeaders", encode_dead_letter(letter, 5)) == []
    assert tuple(DOCUMENT["components"]["schemas"]["deadLetterHeaders"]["required"]) == ERROR_HEADERS
