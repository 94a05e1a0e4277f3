"""Which records of a stream are taken: a pure policy over (epoch, sequence).

A publisher numbers its records 0, 1, 2, … within an epoch (its start in Unix nanoseconds). A record is
refused when it comes from an older epoch than the stream has seen, when its sequence was already taken, or
when a later one was: what came is never reordered. A jump forward is taken; the missing ones stay missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

STALE_EPOCH = "stale-epoch"
DUPLICATE_SEQUENCE = "duplicate-sequence"
SEQUENCE_OUT_OF_ORDER = "sequence-out-of-order"

WINDOW = 64
"""How many of the last sequences are remembered one by one, to tell a repeated record from a late one."""

_MASK = (1 << WINDOW) - 1


@dataclass(frozen=True, slots=True)
class AdmissionState:
    """What has been taken of a stream.

    Attributes:
        epoch: The newest epoch.
        sequence: The highest sequence taken in it.
        seen: Bit i is set if `sequence - i` was taken, 0 <= i < 64; bit 0 is always set.
        last_capture_ns: Capture time of the last record's last frame, Unix nanoseconds; None if not known.
        last_append_ms: When the broker took the last record, Unix milliseconds; None if not known.
        ended: The last record ended the stream.
    """

    epoch: int
    sequence: int
    seen: int = 1
    last_capture_ns: int | None = None
    last_append_ms: int | None = None
    ended: bool = False

    def at(self, capture_ns: int, append_ms: int, *, ended: bool) -> "AdmissionState":
        """The state with the times of the record that was taken last, and whether it ended the stream."""
        return replace(self, last_capture_ns=capture_ns, last_append_ms=append_ms, ended=ended)

    def to_json(self) -> dict[str, Any]:
        """JSON value of the state; the mask as hex text, because many readers round 64-bit integers."""
        return {
            "epoch": self.epoch,
            "sequence": self.sequence,
            "seen": f"{self.seen:x}",
            "last_capture_ns": None if self.last_capture_ns is None else str(self.last_capture_ns),
            "last_append_ms": self.last_append_ms,
            "ended": self.ended,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "AdmissionState":
        """The state that `to_json` wrote; what older versions did not write is not known.

        Raises:
            KeyError, TypeError, ValueError: A field is missing or no integer.
        """
        return cls(
            int(value["epoch"]),
            int(value["sequence"]),
            int(value["seen"], 16),
            _optional_int(value.get("last_capture_ns")),
            _optional_int(value.get("last_append_ms")),
            bool(value.get("ended", False)),
        )


def admit(state: AdmissionState | None, epoch: int, sequence: int) -> tuple[AdmissionState, str | None]:
    """Decide on one record.

    Args:
        state: What the stream has seen; None before its first record, which is taken whatever its sequence.
        epoch: Header `epoch` of the record.
        sequence: Header `sequence` of the record, >= 0.

    Returns:
        The next state, without times, and None if the record is taken; or the state as it is, and the dead
        letter's code if the record is refused.
    """
    if state is None or epoch > state.epoch:
        return AdmissionState(epoch, sequence), None
    if epoch < state.epoch:
        return state, STALE_EPOCH
    ahead = sequence - state.sequence
    if ahead > 0:
        # A shift by more than the window would build a huge integer only to mask it away.
        seen = 1 if ahead >= WINDOW else ((state.seen << ahead) & _MASK) | 1
        return AdmissionState(epoch, sequence, seen), None
    if -ahead < WINDOW and state.seen >> -ahead & 1:
        return state, DUPLICATE_SEQUENCE
    return state, SEQUENCE_OUT_OF_ORDER


def _optional_int(value: Any) -> int | None:
    return None if value is None else int(value)
