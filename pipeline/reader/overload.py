"""Which share of the frames of a partition is kept when more come than can be narrated: a pure policy.

Only a lag that is old and grows is an overload: what piled up while something was down is worked off, and a
whole recording that was sent at once waits for its turn. While frames are left out, the share follows what
was got through, and is a little lower while the lag is long, so that it gets shorter.
"""

from dataclasses import dataclass

MIN_RATIO = 1 / 16
"""No camera that is switched on loses more than fifteen of sixteen frames."""

PATIENCE_S = 5.0
"""What came in so many seconds must have been added to the lag before frames are left out."""

GONE = 0.1
"""A lag of less than this share of the limit has gone."""

MAX_FALL, MAX_RISE = 0.5, 1.25
"""Bounds of the change in one window."""


@dataclass(frozen=True, slots=True)
class LoadWindow:
    """What happened to a partition in the last few seconds.

    Attributes:
        seconds: Length of the window.
        age_s: How long the oldest record that is not taken has been in the log, at the window's end.
        num_appended: Records that came.
        num_passed: Records that were taken, whether their frames were kept or left out.
    """

    seconds: float
    age_s: float
    num_appended: int
    num_passed: int


@dataclass(frozen=True, slots=True)
class OverloadState:
    """What is remembered of a partition.

    Attributes:
        ratio: Share of the frames that is kept; 1 keeps all.
        growth: Records that were added to the lag since it is too old.
        is_overloaded: The lag has not gone since frames had to be left out.
    """

    ratio: float = 1.0
    growth: float = 0.0
    is_overloaded: bool = False


def next_overload(state: OverloadState, window: LoadWindow, shed_after_s: float) -> OverloadState:
    """Adapt the share to what happened.

    Args:
        state: State at the window's beginning.
        window: What happened.
        shed_after_s: A lag is old when its oldest record is.
    """
    if not state.is_overloaded:
        if window.age_s <= shed_after_s:
            return OverloadState()
        if window.num_passed == 0:
            # Nothing moves: something is down, and leaving frames out would not help.
            return state
        growth = max(state.growth + window.num_appended - window.num_passed, 0.0)
        if growth <= PATIENCE_S * window.num_appended / window.seconds:
            return OverloadState(growth=growth)
    elif window.num_passed == 0 and window.num_appended > 0:
        return state
    has_gone = window.age_s < GONE * shed_after_s
    change = MAX_RISE
    if not has_gone and window.num_appended:
        # The root, because one window says little.
        through = window.num_passed / window.num_appended
        change = (through * _pressure(window.age_s, shed_after_s)) ** 0.5
    ratio = state.ratio * min(max(change, MAX_FALL), MAX_RISE)
    if ratio >= 1.0 and has_gone:
        return OverloadState()
    return OverloadState(min(max(ratio, MIN_RATIO), 1.0), is_overloaded=True)


def _pressure(age_s: float, shed_after_s: float) -> float:
    """By how much to differ from what keeps the lag as it is, so that it settles at a third of the limit."""
    return max(1.2 - 0.6 * age_s / shed_after_s, 0.7)
