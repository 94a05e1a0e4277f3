"""The encoders as a reader sees them: the one with the least work gets the next frames."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHUN_S = 0.5
"""An encoder that failed is left alone for this long, so that a dead one does not draw the work to itself."""

Frames = NDArray[np.uint8]


@dataclass(slots=True)
class _Work:
    """Frames in flight: live ones, for which an encoder leaves everything else, and all."""

    num_live: int = 0
    num_frames: int = 0


class EncoderPool:
    """Chooses encoders and counts what each has to do. Not thread-safe.

    Args:
        clock_s: Monotonic time.
    """

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._encoders: Mapping[str, Any] = {}
        self._work: dict[str, _Work] = {}
        self._shunned_until_s: dict[str, float] = {}

    def set_encoders(self, encoders: Mapping[str, Any]) -> None:
        """Replace the encoders.

        Args:
            encoders: Actor handles by name; a name is never used again for another process.
        """
        self._encoders = dict(encoders)
        self._work = {name: self._work.get(name, _Work()) for name in encoders}
        self._shunned_until_s = {n: t for n, t in self._shunned_until_s.items() if n in encoders}

    def choose(self, *, is_behind: bool) -> str | None:
        """Name of the encoder with the fewest frames before these; None if all have failed just now."""
        now_s = self._clock_s()
        usable = [name for name in self._encoders if self._shunned_until_s.get(name, 0.0) <= now_s]

        def work_before(name: str) -> tuple[int, int, str]:
            work = self._work[name]
            return (work.num_frames if is_behind else work.num_live, work.num_frames, name)

        return min(usable, key=work_before, default=None)

    def submit(self, name: str, frames: Frames, *, is_behind: bool) -> Any:
        """Give frames [B, S, S, 3] to an encoder; returns the reference to their features."""
        self._count(name, len(frames), is_behind)
        return self._encoders[name].encode.remote(frames, is_behind)

    def finished(self, name: str, num_frames: int, *, is_behind: bool, failed: bool) -> None:
        """Frames that were given to an encoder are done, or lost with it."""
        if name in self._encoders:
            self._count(name, -num_frames, is_behind)
            if failed:
                self._shunned_until_s[name] = self._clock_s() + SHUN_S

    def _count(self, name: str, num_frames: int, is_behind: bool) -> None:
        work = self._work[name]
        work.num_frames += num_frames
        work.num_live += 0 if is_behind else num_frames
