"""The event `flownar.gap.v1`: where the time line of a stream is not what it seems."""

from collections.abc import Mapping
from typing import Any

from pipeline.messages.events import Gap, GapKind
from pipeline.wire.positions import decode_range, decode_time, encode_range, encode_time

GAP_TYPE = "flownar.gap.v1"


def gap_time_ns(gap: Gap) -> int:
    """`ce_time`: when the stream went on; else when it was last seen; else 0."""
    if gap.after_ns is not None:
        return gap.after_ns
    return gap.before_ns or 0


def encode_gap(gap: Gap) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the data holds of a gap, and what of it stands under `source`."""
    fields = {
        "kind": gap.kind.value,
        "before": encode_time(gap.before_ns),
        "after": encode_time(gap.after_ns),
        "sequences": encode_range(gap.sequences),
    }
    return fields, {"offsets": encode_range(gap.offsets)}


def decode_gap(data: Mapping[str, Any], epoch: int) -> Gap:
    """Read a gap from an event's data.

    Raises:
        KeyError, TypeError, ValueError, WireError: It is none.
    """
    return Gap(
        kind=GapKind(data["kind"]),
        epoch=epoch,
        before_ns=decode_time(data["before"]),
        after_ns=decode_time(data["after"]),
        sequences=decode_range(data["sequences"]),
        offsets=decode_range(data["source"]["offsets"]),
    )
