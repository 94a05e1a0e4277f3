"""The AsyncAPI document: valid by the official schema, and true of every record that the codecs write."""

import copy
import hashlib
import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from pipeline.config import FrameSettings, KafkaSettings
from pipeline.messages.camera import CameraSettings
from pipeline.messages.dead_letter import DeadLetter
from pipeline.wire.camera_record import encode_camera
from pipeline.wire.dead_letter import encode_dead_letter
from pipeline.wire.frame_record import FrameHeaders, format_frame_headers
from pipeline.wire.narration_event import encode_narration
from pipeline.wire.notice_event import encode_notice
from pipeline.wire.schemas import SCHEMAS, load_asyncapi, load_schema
from pipeline.wire.stream_event import EVENT_TYPES
from pipeline.wire.topics import topic_specs
from tests.support import stream_events as known
from tests.support.outputs import narration_event

DOCUMENT = load_asyncapi()
OFFICIAL = Path(__file__).resolve().parents[3] / "public" / "asyncapi-3.0.0.json"
BASE = "https://example.invalid/"

Headers = Iterable[tuple[str, bytes]]


@cache
def official() -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))


def with_schemas_resolved(value: Any, document: dict[str, Any]) -> Any:
    """Put the document's schemas in place of references to them, as AsyncAPI's parser does.

    By the official schema a reference to a schema is both a reference and a schema, where it must be one.
    """
    if isinstance(value, list):
        return [with_schemas_resolved(inner, document) for inner in value]
    if not isinstance(value, dict):
        return value
    target = value.get("$ref", "")
    if target.startswith("#/components/schemas/"):
        return with_schemas_resolved(document["components"]["schemas"][target.split("/")[-1]], document)
    return {name: with_schemas_resolved(inner, document) for name, inner in value.items()}


def faults(document: dict[str, Any]) -> list[str]:
    resolved = with_schemas_resolved(document, document)
    return [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in official().iter_errors(resolved)
    ]


@cache
def registry() -> Registry[Any]:
    documents = {BASE + "asyncapi.json": DOCUMENT}
    documents |= {f"{BASE}{name}.json": load_schema(name) for name in SCHEMAS}
    return Registry().with_resources(
        (uri, Resource.from_contents(document, default_specification=DRAFT202012))
        for uri, document in documents.items()
    )


def errors_at(pointer: str, value: Any) -> list[str]:
    """What the schema at a place of the document finds wrong with a value."""
    validator = jsonschema.Draft202012Validator(
        {"$ref": f"{BASE}asyncapi.json#{pointer}"}, registry=registry()
    )
    return [f"{pointer}: {error.message}" for error in validator.iter_errors(value)]


def errors_of_record(message: str, key: bytes | None, value: bytes | None, headers: Headers) -> list[str]:
    place = f"/components/messages/{message}"
    said = DOCUMENT["components"]["messages"][message]
    found = []
    if "headers" in said:
        found += errors_at(f"{place}/headers", {name: text.decode() for name, text in headers})
    if "schema" in said["payload"]:
        found += errors_at(f"{place}/payload/schema", json.loads(value or b"null"))
    if "bindings" in said:
        found += errors_at(f"{place}/bindings/kafka/key", None if key is None else key.decode())
    return found


def test_the_official_schema_is_unchanged() -> None:
    digest = hashlib.sha256(OFFICIAL.read_bytes()).hexdigest()
    assert digest in (OFFICIAL.parent / "README.md").read_text(encoding="utf-8")


def test_the_document_is_valid_asyncapi_3() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert faults(DOCUMENT) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d["operations"]["sendNarrations"].update(action="emit"),
        lambda d: d["channels"]["frames"].update(adress="flownar.frames"),
        lambda d: d.pop("info"),
        lambda d: d["components"]["messages"]["frame"].update(payload=5),
        lambda d: d["components"]["messages"]["gap"]["bindings"]["kafka"].update(keys={}),
        lambda d: d["operations"]["receiveCameras"].update(channel="cameras"),
        lambda d: d["components"]["schemas"]["eventHeaders"].update(required="ce_id"),
    ],
)
def test_the_official_schema_finds_what_is_wrong(spoil: Callable[[dict[str, Any]], object]) -> None:
    document = copy.deepcopy(DOCUMENT)
    spoil(document)
    assert faults(document)


def test_operations_use_messages_of_their_own_channels() -> None:
    for operation in DOCUMENT["operations"].values():
        channel = operation["channel"]["$ref"]
        messages = DOCUMENT["channels"][channel.split("/")[-1]]["messages"]
        assert {one["$ref"] for one in operation["messages"]} == {f"{channel}/messages/{m}" for m in messages}


def test_the_topics_are_those_that_are_created() -> None:
    specs = {spec.name: spec for spec in topic_specs(KafkaSettings(), FrameSettings())}
    for channel in DOCUMENT["channels"].values():
        spec, binding = specs[channel["address"]], channel["bindings"]["kafka"]
        assert binding["topic"] == spec.name
        assert binding.get("partitions", KafkaSettings().partitions) == spec.num_partitions
        for name, value in binding["topicConfiguration"].items():
            text = ",".join(value) if isinstance(value, list) else str(value)
            assert spec.configs[name] == text
    # The checkpoints are the narrators' own: no contract with anybody.
    assert specs.keys() - {c["address"] for c in DOCUMENT["channels"].values()} == {"flownar.checkpoints"}


@pytest.mark.parametrize("name", SCHEMAS)
def test_schemas_are_valid_and_so_are_their_examples(name: str) -> None:
    schema = load_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:{name.replace('.', ':')}"
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    assert schema["examples"]
    for example in schema["examples"]:
        assert [error.message for error in checker.iter_errors(example)] == []
        assert example.keys() <= schema["properties"].keys()


def test_every_event_type_has_its_schema_and_its_message() -> None:
    messages = DOCUMENT["channels"]["narrations"]["messages"]
    assert [f"flownar.{name}.v1" for name in messages] == list(EVENT_TYPES)
    assert set(SCHEMAS) == {*EVENT_TYPES, "flownar.camera.v1"}
    headers = DOCUMENT["components"]["schemas"]["eventHeaders"]["properties"]
    assert headers["ce_type"]["enum"] == list(EVENT_TYPES)


def test_examples_of_messages_are_valid() -> None:
    for name, message in DOCUMENT["components"]["messages"].items():
        for example in message.get("examples", []):
            assert errors_at(f"/components/messages/{name}/headers", example["headers"]) == []


@pytest.mark.parametrize(
    ("message", "encoded"),
    [
        ("narration", encode_narration(narration_event("hall/1", 3, "shuts the box — gently"))),
        ("gap", encode_notice(known.notice(known.MISSING))),
        ("gap", encode_notice(known.notice(known.SILENT))),
        ("gap", encode_notice(known.notice(known.DELETED))),
        ("shed", encode_notice(known.notice(known.SHED))),
        ("fault", encode_notice(known.notice(known.UNNARRATED))),
        ("fault", encode_notice(known.notice(known.MEMORY_LOST))),
    ],
)
def test_events_are_as_the_document_says(message: str, encoded: tuple[bytes, Headers]) -> None:
    value, headers = encoded
    assert errors_of_record(message, b"hall/1", value, headers) == []
    for other in {"narration", "gap", "shed", "fault"} - {message}:
        assert errors_of_record(other, b"hall/1", value, headers)
    assert errors_of_record(message, b"hall 1", value, headers)


def test_frames_cameras_and_dead_letters_are_as_the_document_says() -> None:
    headers = format_frame_headers(FrameHeaders("video/h264", 1, 2, (3, 5, 7), end_of_stream=True))
    assert errors_of_record("frame", b"dock-7", b"", headers) == []
    letter = DeadLetter("t", 1, 2, 3, None, b"", (), "camera-invalid", "why", "cameras")
    assert errors_of_record("deadLetter", None, b"", encode_dead_letter(letter, 5)) == []
    camera = encode_camera(CameraSettings(priority=9, prompt="Say what happens."))
    assert errors_of_record("camera", b"*", camera, ()) == []
    assert errors_of_record("camera", b"dock-7", camera, ()) == []
    assert errors_of_record("camera", b"**", camera, ())
    assert errors_of_record("camera", b"*", b'{"fpss": 2}', ())
