"""Records of the topic `cameras`: key = stream id or `*`, value = the settings of a camera as JSON.

A record is the whole document: what it does not name, or names as null, is the topology's setting. A record
without a value takes the document away.
"""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pipeline.errors import WireError
from pipeline.messages.camera import DEFAULT_CAMERA, MAX_PRIORITY, CameraSettings
from pipeline.wire.stream_id import check_stream_id

CAMERA_INVALID = "camera-invalid"

MIN_FPS = 0.001
MAX_FPS = 240
MAX_PROMPT_CHARACTERS = 2000
MAX_RETAINED_NARRATIONS = 1_000_000
MAX_SILENT_AFTER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Field:
    """What a field of the document takes.

    Attributes:
        types: JSON types as Python reads them.
        expected: The same for people, behind 'it must be'.
        accepts: Whether a value of the right type is in range.
    """

    types: tuple[type, ...]
    expected: str
    accepts: Callable[[Any], bool] = lambda _: True


def _is_prompt(text: str) -> bool:
    # Escapes of JSON can write halves of characters, which no encoder takes.
    is_text = not any("\ud800" <= character <= "\udfff" for character in text)
    return is_text and bool(text.strip()) and len(text) <= MAX_PROMPT_CHARACTERS


_THRESHOLD = _Field((int, float), "a number between 0 and 1", lambda value: 0 < value < 1)
_FIELDS: Mapping[str, _Field] = {
    "enabled": _Field((bool,), "true or false"),
    "priority": _Field(
        (int,), f"a whole number from 0 to {MAX_PRIORITY}", lambda value: 0 <= value <= MAX_PRIORITY
    ),
    "fps": _Field(
        (int, float), f"a number from {MIN_FPS} to {MAX_FPS}", lambda value: MIN_FPS <= value <= MAX_FPS
    ),
    "prompt": _Field((str,), f"text of 1 to {MAX_PROMPT_CHARACTERS} characters", _is_prompt),
    "theta": _THRESHOLD,
    "theta_low": _THRESHOLD,
    "retain_narrations": _Field(
        (int,),
        f"a whole number from 0 to {MAX_RETAINED_NARRATIONS}",
        lambda value: 0 <= value <= MAX_RETAINED_NARRATIONS,
    ),
    "silent_after_s": _Field(
        (int, float),
        f"a number above 0, at most {MAX_SILENT_AFTER_S}",
        lambda value: 0 < value <= MAX_SILENT_AFTER_S,
    ),
}
_DEFAULT = CameraSettings()


def parse_camera_key(key: bytes | None) -> str:
    """The stream id that a record is for, or `*`.

    Raises:
        WireError: The key is neither (code `camera-invalid`).
    """
    text = (key or b"").decode("ascii", errors="replace")
    if text == DEFAULT_CAMERA:
        return text
    try:
        return check_stream_id(text)
    except WireError as error:
        raise _invalid(
            f"The key of a camera's settings must be a stream id or {DEFAULT_CAMERA}. {error.message}"
        ) from error


def parse_camera(value: bytes) -> CameraSettings:
    """Read the document of a record.

    Raises:
        WireError: It is no JSON object, or `camera_settings` refuses it (code `camera-invalid`).
    """
    try:
        document = json.loads(value, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _invalid("The camera's settings are not JSON.") from error
    if not isinstance(document, dict):
        raise _invalid("The camera's settings are not a JSON object.")
    return camera_settings(document)


def camera_settings(document: Mapping[str, object]) -> CameraSettings:
    """Settings from the fields of a document, checked.

    Raises:
        WireError: A field is unknown, of the wrong type or out of range (code `camera-invalid`); the message
            names it, and for an unknown one the nearest known.
    """
    settings = CameraSettings(**{name: _checked(name, value) for name, value in document.items()})
    if settings.theta is not None and settings.theta_low is not None and settings.theta_low > settings.theta:
        raise _invalid(f"theta_low ({settings.theta_low}) must not exceed theta ({settings.theta}).")
    return settings


def encode_camera(settings: CameraSettings) -> bytes:
    """The document of a record; `parse_camera` reads it back."""
    return json.dumps(camera_document(settings), ensure_ascii=False, allow_nan=False).encode()


def camera_document(settings: CameraSettings) -> dict[str, object]:
    """The settings by name, without those that are the topology's."""
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    return {name: value for name, value in values.items() if value is not None}


def _checked(name: str, value: Any) -> Any:
    field = _FIELDS.get(name)
    if field is None:
        raise _invalid(f"A camera has no setting {name[:60]!r}; did you mean {_nearest(name)}?")
    if value is None:
        return getattr(_DEFAULT, name)
    if float not in field.types and isinstance(value, float) and value.is_integer():
        # JSON has one kind of numbers: 5.0 is 5.
        value = int(value)
    # True is an int for Python, not for JSON.
    is_right_type = isinstance(value, field.types) and (bool in field.types or not isinstance(value, bool))
    if not is_right_type or not field.accepts(value):
        shown = json.dumps(value)[:60]
        raise _invalid(f"The setting {name} of a camera is {shown}; it must be {field.expected}.")
    return value


def _nearest(name: str) -> str:
    longer = [known for known in _FIELDS if name and known.startswith(name)]
    return (longer or difflib.get_close_matches(name, _FIELDS, n=1, cutoff=0.0))[0]


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


def _invalid(message: str) -> WireError:
    return WireError(message, code=CAMERA_INVALID)
