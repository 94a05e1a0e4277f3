"""Texts and times are those of a run without faults on the same frames.

A difference counts unless the model's decision was close: floating-point results depend in their last bits on
which streams share a batch, so a decision closer than `NEAR_TIE` may fall either way. What such a narration
changed is in the context of the stream's later ones: differences behind it, in the same life, are counted
with it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from topologies.chaos.checker.events import Event, LeftOut, Narration
from topologies.chaos.checker.records import Position
from topologies.chaos.checker.verdict import Category, Problem

NEAR_TIE = 1e-3
"""Distance of p(skip) from its threshold, or of a token's logit from the second best, that is a near tie."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the narrations of one life differ from those of the run without faults.

    Attributes:
        problems: Differences that nothing excuses.
        near_ties: Narrations that differ behind a close decision.
        not_compared: Narrations of either run behind frames that were left out.
    """

    problems: tuple[Problem, ...] = ()
    near_ties: int = 0
    not_compared: int = 0


def compare(
    stream: str, partition: int, ours: Sequence[Event], calm: Sequence[Event], wrong: Collection[Position]
) -> Comparison:
    """Compare the events of one life of a stream.

    Args:
        stream: Stream id.
        partition: Its partition.
        ours: The life's events.
        calm: The same life's events in the run without faults.
        wrong: Frames that are lost or doubled: their narrations are told already.
    """
    left_out = min((_first_left_out(event) for event in (*ours, *calm)), default=_NEVER)
    both = [_narrations(events) for events in (ours, calm)]
    told = {n.end for n in (*both[0], *both[1]) if any(n.start <= position <= n.end for position in wrong)}
    both = [[n for n in narrations if n.end not in told] for narrations in both]
    mine, other = ([n for n in narrations if n.end < left_out] for narrations in both)
    not_compared = max(len(both[0]) - len(mine), len(both[1]) - len(other))
    matcher = SequenceMatcher(None, [_said(n) for n in mine], [_said(n) for n in other], autojunk=False)
    problems: list[Problem] = []
    near_ties = 0
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag == "equal":
            continue
        count = max(j - i, m - k)
        if near_ties or any(n.margin < NEAR_TIE for n in (*mine[i:j], *other[k:m])):
            near_ties += count
            continue
        what = f"{_shown(mine[i:j])}; without faults {_shown(other[k:m])}"
        problems.append(Problem(Category.CHANGED_TEXT, stream, partition, what, count))
    return Comparison(tuple(problems), near_ties, not_compared)


_NEVER: Position = (2**63, 0)


def _first_left_out(event: Event) -> Position:
    ranges = event.body.ranges if isinstance(event.body, LeftOut) else ()
    return min((first for first, _, _ in ranges), default=_NEVER)


def _narrations(events: Sequence[Event]) -> list[Narration]:
    found = {(n.start, n.end): n for n in (event.body for event in events) if isinstance(n, Narration)}
    return sorted(found.values(), key=lambda narration: narration.end)


def _said(narration: Narration) -> tuple[str, str, str]:
    return narration.start_time, narration.end_time, narration.text


def _shown(narrations: Sequence[Narration]) -> str:
    said = [f"{n.start} to {n.end} {n.text!r} (margin {n.margin:.2g})" for n in narrations[:2]]
    return ", ".join(said) + (f" and {len(narrations) - 2} more" if len(narrations) > 2 else "") or "nothing"
