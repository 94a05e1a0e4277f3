"""What was read from a topic: frozen, with nothing interpreted but the names of headers."""

from collections.abc import Mapping
from dataclasses import dataclass

Headers = tuple[tuple[str, bytes], ...]

Position = tuple[int, int]
"""Where a frame stands: offset of its record, index in the record."""


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One record of a partition.

    Attributes:
        partition: Partition number.
        offset: Offset in it.
        timestamp_ms: Its timestamp, Unix milliseconds.
        key: Key, or None.
        value: Value, or None.
        headers: Headers in order.
    """

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()


def header_texts(headers: Headers) -> Mapping[str, str]:
    """Headers by name, the last one of a name counts; what is no text is left out."""
    texts: dict[str, str] = {}
    for name, value in headers:
        texts.pop(name, None)
        try:
            texts[name] = value.decode().strip()
        except UnicodeDecodeError:
            continue
    return texts


def header_number(texts: Mapping[str, str], name: str) -> int | None:
    """A header's decimal number, or None if it has none."""
    text = texts.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() else None
