import json
from dataclasses import fields
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WireError
from pipeline.messages.camera import CameraSettings
from pipeline.wire.camera_record import (
    camera_settings,
    encode_camera,
    parse_camera,
    parse_camera_key,
)
from pipeline.wire.schemas import load_schema

SCHEMA = load_schema("flownar.camera.v1")
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

THRESHOLDS = st.none() | st.floats(0, 1, exclude_min=True, exclude_max=True)
SETTINGS = st.builds(
    CameraSettings,
    enabled=st.booleans(),
    priority=st.integers(0, 9),
    fps=st.none() | st.floats(0.01, 240),
    prompt=st.none() | st.text(min_size=1, max_size=80).filter(lambda text: text.strip()),
    theta=THRESHOLDS,
    theta_low=THRESHOLDS,
    retain_narrations=st.none() | st.integers(0, 100),
    silent_after_s=st.none() | st.floats(0.01, 1e6),
).filter(lambda s: s.theta is None or s.theta_low is None or s.theta_low <= s.theta)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)
NAMES = st.sampled_from([field.name for field in fields(CameraSettings)]) | st.text(max_size=8)


def refused(value: bytes) -> str:
    with pytest.raises(WireError) as caught:
        parse_camera(value)
    assert caught.value.code == "camera-invalid"
    return caught.value.message


@given(SETTINGS)
def test_settings_survive_the_way_to_kafka_and_back(settings: CameraSettings) -> None:
    value = encode_camera(settings)
    assert parse_camera(value) == settings
    assert VALIDATOR.is_valid(json.loads(value))


@given(st.dictionaries(NAMES, JSON, max_size=3))
def test_the_schema_takes_what_is_taken(document: dict[str, Any]) -> None:
    try:
        camera_settings(document)
        message = ""
    except WireError as error:
        message = error.message
    # A schema can't compare two fields.
    assert VALIDATOR.is_valid(document) is (message == "" or "exceed" in message)


def test_what_is_missing_or_null_is_the_topology_s() -> None:
    assert parse_camera(b"{}") == CameraSettings()
    everything_null = dict.fromkeys(SCHEMA["properties"])
    assert camera_settings(everything_null) == CameraSettings()
    assert camera_settings({"priority": 7.0}) == CameraSettings(priority=7)
    assert list(everything_null) == [field.name for field in fields(CameraSettings)]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"priorty": 3}, ["'priorty'", "did you mean priority?"]),
        ({"retain": 3}, ["'retain'", "retain_narrations"]),
        ({"priority": 10}, ["priority", "10", "0 to 9"]),
        ({"priority": True}, ["priority", "true"]),
        ({"priority": 5.5}, ["priority", "5.5"]),
        ({"enabled": 1}, ["enabled", "true or false"]),
        ({"fps": 0}, ["fps", "from 0.001"]),
        ({"fps": 241}, ["fps", "240"]),
        ({"fps": "2"}, ["fps", '"2"']),
        ({"theta": 1}, ["theta", "between 0 and 1"]),
        ({"theta_low": 0}, ["theta_low", "between 0 and 1"]),
        ({"theta": 0.4, "theta_low": 0.5}, ["theta_low (0.5)", "theta (0.4)"]),
        ({"retain_narrations": -1}, ["retain_narrations", "-1"]),
        ({"silent_after_s": 0}, ["silent_after_s", "above 0"]),
        ({"prompt": " \n"}, ["prompt", "1 to 2000"]),
        ({"prompt": "x" * 2001}, ["prompt", "2000"]),
        ({"prompt": "\ud800"}, ["prompt", "2000"]),
    ],
)
def test_wrong_settings_are_named(document: dict[str, Any], words: list[str]) -> None:
    message = refused(json.dumps(document).encode())
    assert all(word in message for word in words)
    assert message.encode()


@pytest.mark.parametrize(
    "value", [b"", b"{", b"[]", b"1", b"\xff", b"[" * 100_000, b'{"fps": NaN}', b'{"fps": 1e999}']
)
def test_values_that_are_no_document(value: bytes) -> None:
    assert refused(value)


def test_keys_are_stream_ids_or_the_star() -> None:
    assert parse_camera_key(b"*") == "*"
    assert parse_camera_key(b"site/cam:1") == "site/cam:1"
    for key in (None, b"", b"**", b"a b", b"/a", b"\xff", b"x" * 201):
        with pytest.raises(WireError, match=r"stream id or \*") as caught:
            parse_camera_key(key)
        assert caught.value.code == "camera-invalid"
