"""Which records of a stream are taken: a pure policy over (epoch, sequence).

A publisher numbers its records 0, 1, 2, … within an epoch (its start in Unix nanoseconds). A record is
refused when it comes from an older epoch than the stream has seen, when its sequence was already taken, or
when a later one was: what came is never reordered. A jump forward is taken; the missing ones stay missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
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
    """

    epoch: int
    sequence: int
    seen: int = 1

    def to_json(self) -> dict[str, int | str]:
        """JSON value of the state; the mask as hex text, because many readers round 64-bit integers."""
        return {"epoch": self.epoch, "sequence": self.sequence, "seen": f"{self.seen:x}"}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "AdmissionState":
        """The state that `to_json` wrote.

        Raises:
            KeyError, ValueError: A field is missing or no integer.
        """
        return cls(int(value["epoch"]), int(value["sequence"]), int(value["seen"], 16))


def admit(state: AdmissionState | None, epoch: int, sequence: int) -> tuple[AdmissionState, str | None]:
    """Decide on one record.

    Args:
        state: What the stream has seen; None before its first record, which is taken whatever its sequence.
        epoch: Header `epoch` of the record.
        sequence: Header `sequence` of the record, >= 0.

    Returns:
        The next state, and None if the record is taken or the dead letter's code if it is refused. A refused
        record does not change the state.
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
