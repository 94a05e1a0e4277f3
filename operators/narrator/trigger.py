"""When the model speaks: two thresholds on the probability of [SKIP], chosen by a clock. No tensors."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trigger:
    """The policy of a stream.

    Attributes:
        theta: Threshold once more than `average_segment_s` has passed since the last narration.
        theta_low: Threshold before that.
        average_segment_s: Typical length of a segment, seconds.
        fps: Frames per second. Half a frame's time is granted to the clock, so that the jitter of capture
            times does not decide: at 2 fps the 9th frame after a narration is the first beyond 4.0 s.
        speak_at_threshold: Speak also if the probability equals the threshold.
    """

    theta: float
    theta_low: float
    average_segment_s: float
    fps: float
    speak_at_threshold: bool = True

    def threshold(self, elapsed_s: float) -> float:
        """Return the threshold in force so many seconds after the last narration."""
        return self.theta if elapsed_s > self.average_segment_s + 0.5 / self.fps else self.theta_low

    def speaks(self, p_skip: float, threshold: float) -> bool:
        """Tell whether the model speaks; never if the probability is not a number."""
        return p_skip < threshold or (self.speak_at_threshold and p_skip == threshold)
