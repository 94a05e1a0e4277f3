"""The event `flownar.fault.v1`: what went wrong with a stream, and which frames went unnarrated for it."""

from collections.abc import Mapping
from typing import Any

from operators.narrator.types import FramePosition
from pipeline.messages.events import Fault, FaultKind
from pipeline.wire.positions import decode_position, decode_time, encode_position, encode_time

FAULT_TYPE = "flownar.fault.v1"

MAX_MESSAGE_BYTES = 4096
"""Longer messages are cut, so that an event always fits its topic."""


def encode_fault(fault: Fault) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the data holds of a fault, and what of it stands under `source`."""
    fields = {
        "kind": fault.kind.value,
        "message": fault.message.encode()[:MAX_MESSAGE_BYTES].decode(errors="ignore"),
        "time": encode_time(fault.time_ns or None),
    }
    return fields, {"after": _encode(fault.after), "through": _encode(fault.through)}


def decode_fault(data: Mapping[str, Any], epoch: int) -> Fault:
    """Read a fault from an event's data.

    Raises:
        KeyError, TypeError, ValueError, WireError: It is none.
    """
    return Fault(
        kind=FaultKind(data["kind"]),
        epoch=epoch,
        message=str(data["message"]),
        time_ns=decode_time(data["time"]) or 0,
        after=_decode(data["source"]["after"]),
        through=_decode(data["source"]["through"]),
    )


def _encode(position: FramePosition | None) -> dict[str, int] | None:
    return None if position is None else encode_position(position)


def _decode(data: Mapping[str, Any] | None) -> FramePosition | None:
    return None if data is None else decode_position(data)
