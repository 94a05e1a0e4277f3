"""How narrations are compared with the truth, and which sampled frame a narration belongs to."""

from operators.scoring.matching import (
    END_TOLERANCE_S,
    NarrationScore,
    PredictedNarration,
    TrueNarration,
    match_narrations,
    score_narrations,
)
from operators.scoring.targets import end_frame

__all__ = [
    "END_TOLERANCE_S",
    "NarrationScore",
    "PredictedNarration",
    "TrueNarration",
    "end_frame",
    "match_narrations",
    "score_narrations",
]
