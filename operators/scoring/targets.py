"""Which sampled frame a narration ends with: the one rule that training targets and scores share."""

from collections.abc import Sequence

import numpy as np


def end_frame(end_s: float, frame_times_s: Sequence[float] | np.ndarray) -> int | None:
    """Find the frame after which a narration is due: the first sampled at or after the activity's end.

    Args:
        end_s: End of the activity, seconds from the video's start.
        frame_times_s: Capture times of the sampled frames, ascending, seconds from the video's start.

    Returns:
        Index of the frame, or None if the video was sampled only up to an earlier time.
    """
    index = int(np.searchsorted(np.asarray(frame_times_s), end_s, side="left"))
    return index if index < len(frame_times_s) else None
