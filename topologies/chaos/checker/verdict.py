"""What the checker found: problems by category, and the counts that decide."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MAX_NEAR_TIE_SHARE = 0.005
"""Share of the narrations that may differ from the run without faults because a decision was close."""


class Category(StrEnum):
    """What kind of promise is broken.

    LOST: a frame that nothing covers, an event whose number is missing, a record refused without reason.
    DOUBLED: a frame or a number that is covered twice.
    OUT_OF_ORDER: numbers or positions of a stream that go back.
    CHANGED_TEXT: a narration that differs from another reading, or from the run without faults.
    UNTOLD_GAP: a gap without its event, or an event without its gap.
    """

    LOST = "lost"
    DOUBLED = "doubled"
    OUT_OF_ORDER = "out_of_order"
    CHANGED_TEXT = "changed_text"
    UNTOLD_GAP = "untold_gaps"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        category: What promise it breaks.
        stream: Stream id.
        partition: Partition of the stream's frames.
        what: What is wrong, with positions and ids, for whoever looks for the cause.
        count: Frames, events or narrations that it concerns.
    """

    category: Category
    stream: str
    partition: int
    what: str
    count: int = 1

    def __str__(self) -> str:
        return f"{self.category}: {self.stream} in partition {self.partition}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that was found.

    Attributes:
        problems: What is wrong.
        expected: Narrations of the run without faults.
        narrations: Narrations that were read.
        near_ties: Narrations that differ from the run without faults behind a close decision.
        not_compared: Narrations that were not compared because frames of their stream were left out before.
        gaps: Gap events by kind.
        shed_frames: Frames told as left out.
        faults: Fault events by kind.
        dead_letters: Dead letters by code.
    """

    problems: tuple[Problem, ...] = ()
    expected: int = 0
    narrations: int = 0
    near_ties: int = 0
    not_compared: int = 0
    gaps: tuple[tuple[str, int], ...] = ()
    shed_frames: int = 0
    faults: tuple[tuple[str, int], ...] = ()
    dead_letters: tuple[tuple[str, int], ...] = ()

    def count(self, category: Category) -> int:
        """How much of a category was found."""
        return sum(problem.count for problem in self.problems if problem.category is category)

    @property
    def few_near_ties(self) -> bool:
        """Close decisions explain no more differences than they may."""
        return self.near_ties <= MAX_NEAR_TIE_SHARE * max(self.narrations, self.expected)

    @property
    def passed(self) -> bool:
        """Nothing is wrong, and there was something to check."""
        return not self.problems and self.few_near_ties and self.narrations > 0

    def to_json(self) -> dict[str, Any]:
        """The counts as one JSON object."""
        counts = {str(category): self.count(category) for category in Category}
        return {
            "expected": self.expected,
            **counts,
            "near_ties": self.near_ties,
            "narrations": self.narrations,
            "not_compared": self.not_compared,
            "gap_events": dict(self.gaps),
            "shed_frames": self.shed_frames,
            "fault_events": dict(self.faults),
            "dead_letters": dict(self.dead_letters),
        }


def counted(names: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """How often each name occurs, by name."""
    return tuple(sorted(Counter(names).items()))
