"""The encoders as a reader sees them: the one with the least work gets the next frames."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHUN_S = 0.5
"""An encoder that failed is left alone for this long, so that a dead one does not draw the work to itself."""

Frames = NDArray[np.uint8]


class EncoderPool:
    """Chooses encoders and counts what each has to do. Not thread-safe.

    Args:
        clock_s: Monotonic time.
    """

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._encoders: Mapping[str, Any] = {}
        self._num_frames: dict[str, int] = {}
        self._shunned_until_s: dict[str, float] = {}

    def set_encoders(self, encoders: Mapping[str, Any]) -> None:
        """Replace the encoders.

        Args:
            encoders: Actor handles by name; a name is never used again for another process.
        """
        self._encoders = dict(encoders)
        self._num_frames = {name: self._num_frames.get(name, 0) for name in encoders}
        self._shunned_until_s = {n: t for n, t in self._shunned_until_s.items() if n in encoders}

    def choose(self) -> str | None:
        """Name of the encoder with the fewest frames in flight; None if all have failed just now."""
        now_s = self._clock_s()
        usable = [name for name in self._encoders if self._shunned_until_s.get(name, 0.0) <= now_s]
        return min(usable, key=lambda name: (self._num_frames[name], name), default=None)

    def submit(self, name: str, frames: Frames) -> Any:
        """Give frames [B, S, S, 3] to an encoder; returns the reference to their features."""
        self._num_frames[name] += len(frames)
        return self._encoders[name].encode.remote(frames)

    def finished(self, name: str, num_frames: int, *, failed: bool) -> None:
        """Frames that were given to an encoder are done, or lost with it."""
        if name in self._encoders:
            self._num_frames[name] -= num_frames
            if failed:
                self._shunned_until_s[name] = self._clock_s() + SHUN_S
