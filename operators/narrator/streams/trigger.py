"""When the model speaks: two thresholds on the probability of [SKIP], chosen by a clock. No tensors."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Trigger:
    """The policy of a stream.

    Attributes:
        theta: Threshold once more than `average_segment_s` has passed since the last narration.
        theta_low: Threshold before that.
        average_segment_s: Typical length of a segment, seconds.
        fps: Frames per second. Half a frame's time is granted to the clock in seconds, so that the jitter of
            capture times does not decide: at 2 fps the 9th frame after a narration is the first beyond 4.0 s.
        speak_when: `at_most` or `below`, see `ContextRules`.
        clock: `seconds` or `frames`, see `ContextRules`.
    """

    theta: float
    theta_low: float
    average_segment_s: float
    fps: float
    speak_when: Literal["below", "at_most"] = "at_most"
    clock: Literal["frames", "seconds"] = "seconds"

    def threshold(self, elapsed_s: float, elapsed_frames: int) -> float:
        """Return the threshold in force so long after the last narration's frame."""
        if self.clock == "frames":
            is_late = elapsed_frames > round(self.average_segment_s * self.fps)
        else:
            is_late = elapsed_s > self.average_segment_s + 0.5 / self.fps
        return self.theta if is_late else self.theta_low

    def speaks(self, p_skip: float, threshold: float, *, skip_is_best: bool) -> bool:
        """Tell whether the model speaks; never if the probability is not a number.

        Args:
            p_skip: Probability of [SKIP].
            threshold: Threshold in force.
            skip_is_best: No token is more likely than [SKIP].
        """
        if self.speak_when == "at_most":
            return p_skip <= threshold
        return p_skip < threshold or not (skip_is_best or math.isnan(p_skip))
