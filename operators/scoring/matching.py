"""Exact-text, end-in-time scores of narrations.

A narration counts if its text is exactly the truth's and its end lies within a second of the truth's end;
every narration and every truth is used at most once. The opening narration (the scene, at the first frame) is
no activity: leave it out on both sides.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

END_TOLERANCE_S = 1.0
"""Largest distance of the ends: two frames at the demo's 2 frames a second."""


@dataclass(frozen=True, slots=True)
class PredictedNarration:
    """A narration that a model wrote.

    Attributes:
        end_s: Capture time of its last frame, seconds from the video's start.
        text: Its text.
    """

    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class TrueNarration:
    """A narration of the truth.

    Attributes:
        end_s: End of the activity, seconds from the video's start.
        text: Its text.
        needs_memory: The text depends on what only earlier segments showed.
    """

    end_s: float
    text: str
    needs_memory: bool = False


@dataclass(frozen=True, slots=True)
class NarrationScore:
    """Counts of one or more videos; scores of several videos add up.

    Attributes:
        predicted: Narrations written.
        expected: Narrations in the truth.
        matched: Pairs that count.
        memory_expected: Narrations in the truth that need memory.
        memory_matched: Those of them that are in a pair.
    """

    predicted: int = 0
    expected: int = 0
    matched: int = 0
    memory_expected: int = 0
    memory_matched: int = 0

    def __add__(self, other: "NarrationScore") -> "NarrationScore":
        return NarrationScore(
            self.predicted + other.predicted,
            self.expected + other.expected,
            self.matched + other.matched,
            self.memory_expected + other.memory_expected,
            self.memory_matched + other.memory_matched,
        )

    @property
    def precision(self) -> float:
        """Share of the written narrations that count; 0 if none was written."""
        return self.matched / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of the true narrations that were found; 0 if there is none."""
        return self.matched / self.expected if self.expected else 0.0

    @property
    def f1(self) -> float:
        """2 matched / (predicted + expected); 0 if both are empty."""
        total = self.predicted + self.expected
        return 2 * self.matched / total if total else 0.0

    @property
    def needs_memory_right(self) -> float:
        """Share of the true narrations needing memory that were found; 0 if there is none."""
        return self.memory_matched / self.memory_expected if self.memory_expected else 0.0


def match_narrations(
    predicted: Sequence[PredictedNarration],
    expected: Sequence[TrueNarration],
    *,
    tolerance_s: float = END_TOLERANCE_S,
) -> list[tuple[int, int]]:
    """Pair narrations with truths one to one, as many as possible.

    Among narrations of one text the windows around the truths have equal widths, so pairing both sides in the
    order of time is optimal.

    Returns:
        Pairs (index in `predicted`, index in `expected`), ordered by the second.
    """
    waiting: dict[str, list[int]] = defaultdict(list)
    for index in sorted(range(len(predicted)), key=lambda i: predicted[i].end_s, reverse=True):
        waiting[predicted[index].text].append(index)
    pairs = []
    for truth in sorted(range(len(expected)), key=lambda i: expected[i].end_s):
        queue = waiting[expected[truth].text]
        while queue and predicted[queue[-1]].end_s < expected[truth].end_s - tolerance_s:
            queue.pop()
        if queue and predicted[queue[-1]].end_s <= expected[truth].end_s + tolerance_s:
            pairs.append((queue.pop(), truth))
    return sorted(pairs, key=lambda pair: pair[1])


def score_narrations(
    predicted: Sequence[PredictedNarration],
    expected: Sequence[TrueNarration],
    *,
    tolerance_s: float = END_TOLERANCE_S,
) -> NarrationScore:
    """Count what matches in one video; opening narrations must be left out by the caller."""
    pairs = match_narrations(predicted, expected, tolerance_s=tolerance_s)
    return NarrationScore(
        predicted=len(predicted),
        expected=len(expected),
        matched=len(pairs),
        memory_expected=sum(truth.needs_memory for truth in expected),
        memory_matched=sum(expected[truth].needs_memory for _, truth in pairs),
    )
