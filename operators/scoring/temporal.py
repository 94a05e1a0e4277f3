"""Pairs of narrations by generalised IoU of their time segments; precision and recall at an IoU threshold.

A narration owns the time since the narration before it in the same list; the first owns the time since the
start that is given. Lists are not sorted: a segment that would run backwards is turned round. Generalised IoU
is that of arXiv 1902.09630 (algorithm 1) in one dimension.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from operators.errors import OperatorError
from operators.scoring.matching import PredictedNarration, TrueNarration

Segments = NDArray[np.float64]
"""Shape [N, 2]: begin and end in seconds, begin <= end."""


@dataclass(frozen=True, slots=True)
class ClipAlignment:
    """How the narrations of one clip lie to each other.

    Attributes:
        partners: For every truth, annotators one after the other, the index of its prediction.
        precision: Share of the predictions that reach the IoU threshold with some truth of any annotator.
        recall: Share of the truths of all annotators that reach it with some prediction.
    """

    partners: tuple[int, ...]
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall; 0 if both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def narration_segments(ends_s: Sequence[float], *, start_s: float) -> Segments:
    """The time that each narration owns.

    Args:
        ends_s: Times of N narrations in the order of their list, seconds.
        start_s: Begin of the first segment, seconds.

    Returns:
        Segments [N, 2].
    """
    bounds = np.array([start_s, *ends_s], dtype=np.float64)
    return np.sort(np.stack([bounds[:-1], bounds[1:]], axis=1), axis=1)


def segment_overlaps(first: Segments, second: Segments) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """IoU and generalised IoU of every segment with every other.

    With I the intersection, U the union and H the hull of two segments: IoU = I / U, or 0 where U is 0 (both
    have no length), and generalised IoU = IoU - (H - U) / H, or IoU where H is 0.

    Args:
        first: Segments [A, 2].
        second: Segments [B, 2].

    Returns:
        IoU and generalised IoU, both [A, B].
    """
    begins, ends = first[:, None, 0], first[:, None, 1]  # [A, 1]
    shared = np.minimum(ends, second[:, 1]) - np.maximum(begins, second[:, 0])  # [A, B]
    intersection = np.maximum(shared, 0.0)
    union = (ends - begins) + (second[:, 1] - second[:, 0]) - intersection
    hull = np.maximum(ends, second[:, 1]) - np.minimum(begins, second[:, 0])
    iou = np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)
    gap = np.divide(hull - union, hull, out=np.zeros_like(hull), where=hull > 0)
    return iou, iou - gap


def align_clip(
    annotations: Sequence[Sequence[TrueNarration]],
    predicted: Sequence[PredictedNarration],
    *,
    start_s: float,
    iou_threshold: float,
) -> ClipAlignment:
    """Pair every truth with the prediction of highest generalised IoU, however low that is.

    A prediction may serve many truths; of equally good ones the first serves.

    Args:
        annotations: Narrations of each annotator; segments are built for each annotator alone.
        predicted: Narrations that a model wrote.
        start_s: Begin of the first segment of every list, seconds.
        iou_threshold: Smallest plain IoU that counts for precision and recall.

    Raises:
        OperatorError: There is no prediction or no truth.
    """
    if not predicted or not any(annotations):
        missing = "prediction" if not predicted else "ground-truth narration"
        raise OperatorError(
            f"A clip without a {missing} can't be aligned.",
            action="Leave the clip out, or write at least one narration for it.",
        )
    truth = np.concatenate(
        [narration_segments([item.end_s for item in one], start_s=start_s) for one in annotations]
    )
    iou, generalised = segment_overlaps(
        truth, narration_segments([item.end_s for item in predicted], start_s=start_s)
    )
    hits = iou >= iou_threshold  # [truths, predictions]
    return ClipAlignment(
        partners=tuple(int(best) for best in generalised.argmax(axis=1)),
        precision=float(hits.any(axis=0).mean()),
        recall=float(hits.any(axis=1).mean()),
    )
