"""Stream ids: the keys of frames."""

import re

from pipeline.errors import WireError

MAX_STREAM_ID_LENGTH = 200

STREAM_ID_INVALID = "stream-id-invalid"

_CHARACTERS = re.compile(r"[A-Za-z0-9._:/~-]+")


def check_stream_id(stream: str) -> str:
    """Return the id if it is valid: 1 to 200 of `[A-Za-z0-9._:/~-]`, no `//`, edge `/`, `.` or `..` part.

    Raises:
        WireError: It is not (code `stream-id-invalid`); the message says why.
    """
    if not stream:
        raise _invalid(stream, "it is empty")
    if len(stream) > MAX_STREAM_ID_LENGTH:
        raise _invalid(stream, f"it has {len(stream)} characters, at most {MAX_STREAM_ID_LENGTH} are allowed")
    if _CHARACTERS.fullmatch(stream) is None:
        raise _invalid(stream, "only letters, digits and . _ : / ~ - are allowed")
    for part in stream.split("/"):
        if not part:
            raise _invalid(stream, "it begins or ends with '/', or has '//'")
        if part in (".", ".."):
            raise _invalid(stream, f"it has the part {part!r}")
    return stream


def parse_stream_key(key: bytes | None) -> str:
    """The stream id that a record's key holds.

    Raises:
        WireError: There is no key, or it is no valid stream id (code `stream-id-invalid`).
    """
    if key is None:
        raise WireError(
            "The record has no key; the key must be the stream id.",
            code=STREAM_ID_INVALID,
            action="Publish frames with the stream id as the record's key.",
        )
    try:
        return check_stream_id(key.decode("ascii"))
    except UnicodeDecodeError as error:
        raise _invalid(repr(key[:60]), "it is not ASCII text") from error


def _invalid(stream: str, why: str) -> WireError:
    return WireError(f"The stream id {stream[:60]!r} is not valid: {why}.", code=STREAM_ID_INVALID)
