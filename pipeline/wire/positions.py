"""Positions of frames and times of capture, as the data of events hold them."""

from collections.abc import Mapping
from typing import Any

from operators.narrator.types import FramePosition
from pipeline.wire.times import format_time, parse_time


def encode_position(position: FramePosition) -> dict[str, int]:
    """A position as JSON."""
    return {"offset": position.offset, "index": position.index}


def decode_position(data: Mapping[str, Any]) -> FramePosition:
    """Read a position.

    Raises:
        KeyError, TypeError, ValueError: It is none.
    """
    return FramePosition(int(data["offset"]), int(data["index"]))


def encode_range(bounds: tuple[int, int] | None) -> dict[str, int] | None:
    """First and last number of a range as JSON; null if there is none."""
    return None if bounds is None else {"first": bounds[0], "last": bounds[1]}


def decode_range(data: Mapping[str, Any] | None) -> tuple[int, int] | None:
    """Read a range; raises as `decode_position` does."""
    return None if data is None else (int(data["first"]), int(data["last"]))


def encode_time(time_ns: int | None) -> str | None:
    """Unix nanoseconds as RFC 3339; null if there is no such time."""
    return None if time_ns is None else format_time(time_ns)


def decode_time(text: str | None) -> int | None:
    """Read a time.

    Raises:
        WireError: The text is no time (code `time-invalid`).
    """
    return None if text is None else parse_time(text)
