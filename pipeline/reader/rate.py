"""Which frames of a camera that is faster than it is narrated are kept: a pure policy over capture times.

A camera may run a quarter above its rate, and a few frames may come early, without losing any: clocks drift
and frames jitter. Above that, frames are picked evenly at the rate, until the camera is back within bounds.
Only capture times count: what is sent late or faster than it was captured loses nothing.
"""

from dataclasses import dataclass

TOLERANCE = 1.25
"""A camera at up to this many times its rate loses no frame."""

MAX_EARLY_FRAMES = 8.0
"""So many frames may come at once before a camera counts as too fast."""

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RateState:
    """What is remembered of a stream's frames.

    Attributes:
        last_ns: Capture time of the last frame.
        spare: Frames that may come early; a camera is too fast from zero on until half of them are back.
        due_ns: About when the next frame is kept, while the camera is too fast.
        is_too_fast: Frames are being left out.
    """

    last_ns: int
    spare: float = MAX_EARLY_FRAMES
    due_ns: int = 0
    is_too_fast: bool = False


def keep_frame(state: RateState | None, capture_ns: int, fps: float) -> tuple[RateState, bool]:
    """Decide on a stream's next frame.

    Args:
        state: What is remembered of the frames before; None at the first.
        capture_ns: Capture time of the frame, Unix nanoseconds.
        fps: Frames per second that are narrated; infinity keeps all.

    Returns:
        What to remember, and whether the frame is kept.
    """
    if state is None:
        return RateState(capture_ns), True
    interval_ns = _NS / fps
    elapsed_s = max(capture_ns - state.last_ns, 0) / _NS
    earned = elapsed_s * fps * TOLERANCE if elapsed_s else 0.0
    spare = min(state.spare + earned, MAX_EARLY_FRAMES) - 1.0
    if not state.is_too_fast:
        if spare >= 0.0:
            return RateState(capture_ns, spare), True
        due_ns = int(state.last_ns + interval_ns)
    else:
        if spare >= MAX_EARLY_FRAMES / 2:
            return RateState(capture_ns, spare), True
        due_ns = state.due_ns
    # A clock that was set back must not silence the camera until it is where it was.
    due_ns = min(due_ns, int(capture_ns + 1.5 * interval_ns))
    keeps = capture_ns >= due_ns - interval_ns / 2
    if keeps:
        due_ns = int(max(due_ns + interval_ns, capture_ns + 0.75 * interval_ns))
    return RateState(capture_ns, max(spare, -MAX_EARLY_FRAMES), due_ns, True), keeps
