"""Dead letters: the original record, and behind its headers eight `error-*` headers that say what is wrong.

A dead letter that is sent again and fails again carries older `error-*` headers too; the last ones count, as
for all headers.
"""

from pipeline.errors import WireError
from pipeline.messages.dead_letter import DeadLetter
from pipeline.wire.headers import HEADER_MISSING, HeaderReader
from pipeline.wire.times import format_time, parse_time

ERROR_HEADERS = (
    "error-code",
    "error-message",
    "error-stage",
    "error-topic",
    "error-partition",
    "error-offset",
    "error-timestamp",
    "error-time",
)
"""Names of the added headers, in the order in which they are added."""

MAX_MESSAGE_BYTES = 4096
"""Longer error messages are cut, so that a dead letter always fits its topic."""


def encode_dead_letter(letter: DeadLetter, time_ns: int) -> tuple[tuple[str, bytes], ...]:
    """Headers of a dead letter's record; its key and value are the original's, its partition the source's.

    Args:
        letter: The record that was refused, and why.
        time_ns: When it was refused, Unix nanoseconds (`error-time`).
    """
    message = letter.message.encode()[:MAX_MESSAGE_BYTES].decode(errors="ignore")
    texts = (
        letter.code,
        message,
        letter.stage,
        letter.topic,
        str(letter.partition),
        str(letter.offset),
        str(letter.timestamp_ms),
        format_time(time_ns),
    )
    added = zip(ERROR_HEADERS, (text.encode() for text in texts), strict=True)
    return (*letter.headers, *added)


def decode_dead_letter(
    key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...]
) -> tuple[DeadLetter, int]:
    """Read a dead letter's record.

    Returns:
        The original record with the reason, and when it was refused in Unix nanoseconds.

    Raises:
        WireError: The headers do not end with the eight `error-*` headers (code `header-missing`), or one
            of them can't be read.
    """
    original, added = headers[: -len(ERROR_HEADERS)], headers[-len(ERROR_HEADERS) :]
    if tuple(name for name, _ in added) != ERROR_HEADERS:
        raise WireError("The record does not end with the headers of a dead letter.", code=HEADER_MISSING)
    reader = HeaderReader(added)
    letter = DeadLetter(
        topic=reader.required_text("error-topic"),
        partition=reader.required_number("error-partition"),
        offset=reader.required_number("error-offset"),
        timestamp_ms=reader.required_number("error-timestamp"),
        key=key,
        value=value,
        headers=original,
        code=reader.required_text("error-code"),
        message=reader.required_text("error-message"),
        stage=reader.required_text("error-stage"),
    )
    return letter, parse_time(reader.required_text("error-time"))
