"""What an evaluation compares and what it reports: videos, results, figures."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from operators.datasets.world import WorldNarration
from operators.narrator.types import Narration
from operators.scoring import NarrationScore, PredictedNarration, TrueNarration, score_narrations
from pipeline.wire.times import NS_PER_S


@dataclass(frozen=True, slots=True)
class EvaluationVideo:
    """One video as the model gets it, and its truth.

    Attributes:
        seed: Its seed.
        frames: uint8 [F, S, S, 3] RGB at the model's size.
        times_s: float64 [F], capture times.
        opening: The true opening narration.
        narrations: The truth.
    """

    seed: int
    frames: NDArray[np.uint8]
    times_s: NDArray[np.float64]
    opening: str
    narrations: tuple[WorldNarration, ...]


@dataclass(frozen=True, slots=True)
class VideoResult:
    """What a model made of one video.

    Attributes:
        seed: The video's seed.
        score: Counts, without the opening.
        opening_right: The opening narration is exactly the truth's.
        narrations: What the model said, opening first.
    """

    seed: int
    score: NarrationScore
    opening_right: bool
    narrations: tuple[PredictedNarration, ...]

    def to_row(self) -> dict[str, Any]:
        """The video's row of the JSON report."""
        return {"seed": self.seed, **score_figures(self.score), "opening_right": self.opening_right}


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Scores of a model.

    Attributes:
        videos: One result per video.
        settings: What was evaluated, for the report.
    """

    videos: tuple[VideoResult, ...]
    settings: dict[str, Any]

    @property
    def score(self) -> NarrationScore:
        """All videos together."""
        return sum((video.score for video in self.videos), NarrationScore())

    def to_json(self) -> dict[str, Any]:
        """One JSON object: settings, totals, and a row per video under `videos`."""
        openings = sum(video.opening_right for video in self.videos) / max(1, len(self.videos))
        rows = [video.to_row() for video in self.videos]
        return {**self.settings, **score_figures(self.score), "openings_right": openings, "videos": rows}


def score_video(video: EvaluationVideo, narrations: Iterable[Narration]) -> VideoResult:
    """Compare what a model said with the truth."""
    said = [PredictedNarration(narration.end_time_ns / NS_PER_S, narration.text) for narration in narrations]
    truth = [TrueNarration(true.end_s, true.text, true.needs_memory) for true in video.narrations]
    seen = [true for true in truth if true.end_s <= video.times_s[-1]]
    opening_right = bool(said) and said[0].text == video.opening
    return VideoResult(video.seed, score_narrations(said[1:], seen), opening_right, tuple(said))


def score_figures(score: NarrationScore) -> dict[str, Any]:
    """Counts and shares of a score, for a JSON report."""
    return {
        "f1": round(score.f1, 4),
        "precision": round(score.precision, 4),
        "recall": round(score.recall, 4),
        "needs_memory_right": round(score.needs_memory_right, 4),
        "narrations": score.predicted,
        "true_narrations": score.expected,
        "matched": score.matched,
        "needs_memory": score.memory_expected,
        "needs_memory_matched": score.memory_matched,
    }
