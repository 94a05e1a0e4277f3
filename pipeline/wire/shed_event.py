"""The event `flownar.shed.v1`: frames that were taken and not shown to the model."""

from collections.abc import Mapping
from typing import Any

from pipeline.messages.events import FrameRange, Shed, ShedReason
from pipeline.wire.positions import decode_position, encode_position
from pipeline.wire.times import format_time, parse_time

SHED_TYPE = "flownar.shed.v1"

MAX_SHED_RANGES = 5_000
"""Ranges of one event: more may not fit the topic's largest record."""


def encode_shed(shed: Shed) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the data holds of left-out frames, and what of it stands under `source`."""
    fields = {
        "reason": shed.reason.value,
        "start": format_time(shed.start_ns),
        "end": format_time(shed.end_ns),
        "frames": shed.num_frames,
    }
    return fields, {"ranges": [_encode_frames(frames) for frames in shed.ranges]}


def decode_shed(data: Mapping[str, Any], epoch: int) -> Shed:
    """Read left-out frames from an event's data.

    Raises:
        KeyError, TypeError, ValueError, WireError: There are none.
    """
    return Shed(
        reason=ShedReason(data["reason"]),
        epoch=epoch,
        start_ns=parse_time(data["start"]),
        end_ns=parse_time(data["end"]),
        ranges=tuple(_decode_frames(frames) for frames in data["source"]["ranges"]),
    )


def _encode_frames(frames: FrameRange) -> dict[str, Any]:
    return {
        "start": encode_position(frames.first),
        "end": encode_position(frames.last),
        "frames": frames.num_frames,
    }


def _decode_frames(data: Mapping[str, Any]) -> FrameRange:
    return FrameRange(decode_position(data["start"]), decode_position(data["end"]), int(data["frames"]))
