"""Settings of one stream, checked when they are made."""

import math
from dataclasses import dataclass
from typing import Self

from operators.checkpoints.config import FlowNarConfig
from operators.errors import EngineError, OperatorError
from operators.memory.histories.spec import HistorySpec


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How one stream is narrated.

    Attributes:
        prompt: The user's request; None is the model's own.
        fps: Frames per second that the stream is fed with.
        theta: Threshold on p([SKIP]) once more than `average_segment_s` has passed since the last narration.
        theta_low: Threshold before that.
        average_segment_s: Typical length of a segment, seconds.
        retain_narrations: How many complete narrations stay visible; None for all that fit.
        max_narration_tokens: Tokens of retained narrations; the oldest narration goes first.
        max_segment_frames: Frames of one segment; a longer one is folded silently into the memory.
        max_new_tokens: Tokens of one narration, end of turn included; it is forced at the last.
        history: The visual history, for example `clam`, `none` or `recent:4`; see `HistorySpec`. One with
            weights must be the model's own.

    Raises:
        EngineError: A value is out of range; the message names it.
    """

    fps: float
    theta: float
    theta_low: float
    average_segment_s: float
    max_narration_tokens: int
    max_segment_frames: int
    max_new_tokens: int
    prompt: str | None = None
    retain_narrations: int | None = None
    history: str = "clam"

    def __post_init__(self) -> None:
        for name in ("theta", "theta_low"):
            inside = 0.0 < getattr(self, name) < 1.0
            self._require(name, inside, "must lie between 0 and 1, both excluded")
        self._require("fps", math.isfinite(self.fps) and self.fps > 0.0, "must be above 0")
        finite = math.isfinite(self.average_segment_s)
        self._require("average_segment_s", finite and self.average_segment_s >= 0.0, "must be 0 or more")
        self._require("max_narration_tokens", self.max_narration_tokens >= 0, "must be 0 or more")
        self._require("max_segment_frames", self.max_segment_frames >= 1, "must be at least 1")
        self._require("max_new_tokens", self.max_new_tokens >= 1, "must be at least 1")
        kept = self.retain_narrations
        self._require("retain_narrations", kept is None or kept >= 0, "must be 0 or more, or none for all")
        self._require("prompt", self.prompt is None or bool(self.prompt.strip()), "must not be empty")
        try:
            HistorySpec.parse(self.history)
        except OperatorError as error:
            raise EngineError(f"stream setting history: {error.message}", action=error.action) from error

    @classmethod
    def from_config(cls, config: FlowNarConfig) -> Self:
        """Return the settings that a model was trained to be used with."""
        return cls(
            fps=config.fps,
            theta=config.trigger.theta,
            theta_low=config.trigger.theta_low,
            average_segment_s=config.trigger.average_segment_s,
            max_narration_tokens=config.limits.max_narration_tokens,
            max_segment_frames=config.limits.max_segment_frames,
            max_new_tokens=config.limits.max_new_tokens,
            history=config.memory.kind,
        )

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise EngineError(f"stream setting {name} is {getattr(self, name)!r}: it {rule}.")
