"""What the demo holds a camera's narrations against: nothing lost, nothing doubled, how right, how soon."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from operators.scoring import NarrationScore, PredictedNarration, TrueNarration, score_narrations
from pipeline.wire.narration_event import NarrationEvent


@dataclass(frozen=True, slots=True)
class SeenNarration:
    """A narration as a reader with `read_committed` got it.

    Attributes:
        event: The narration.
        visible_at_ns: When the reader got it, Unix nanoseconds.
    """

    event: NarrationEvent
    visible_at_ns: int

    @property
    def latency_s(self) -> float:
        """From the capture of the segment's last frame to visible."""
        return (self.visible_at_ns - self.event.narration.end_time_ns) / 1e9


@dataclass(frozen=True, slots=True)
class CameraResult:
    """One camera of the demo, checked.

    Attributes:
        stream: Stream id.
        num_frames: Frames that it published and that should have been narrated.
        dead_letters: Dead letters by code.
        num_narrations: Narrations seen.
        score: Texts and ends against the truth, the opening narration left out on both sides.
        latencies_s: From capture to visible, one a narration.
        problems: What is lost, doubled, out of order or missing, in words; empty if all is well.
    """

    stream: str
    num_frames: int
    dead_letters: Counter[str]
    num_narrations: int
    score: NarrationScore
    latencies_s: tuple[float, ...]
    problems: tuple[str, ...] = field(default=())


def check_camera(
    stream: str,
    seen: Sequence[SeenNarration],
    frame_times_ns: Sequence[int],
    truth: Sequence[TrueNarration],
    dead_letters: Counter[str],
    expected_dead_letters: Counter[str],
) -> CameraResult:
    """Hold what was seen of a camera against what it sent.

    Args:
        stream: Stream id.
        seen: Its narrations in the order in which they were read.
        frame_times_ns: Capture times of the frames that should have been narrated, rising, Unix nanoseconds.
        truth: True narrations; those that end after the last frame are left out.
        dead_letters: Dead letters seen, by code.
        expected_dead_letters: Dead letters that should be there, by code.
    """
    problems = tiling_problems([one.event for one in seen], frame_times_ns)
    problems += dead_letter_problems(dead_letters, expected_dead_letters)
    start_ns, end_ns = frame_times_ns[0], frame_times_ns[-1]
    last_s = (end_ns - start_ns) / 1e9
    predicted = [
        PredictedNarration((one.event.narration.end_time_ns - start_ns) / 1e9, one.event.narration.text)
        for one in seen
        if one.event.narration.segment > 0
    ]
    return CameraResult(
        stream=stream,
        num_frames=len(frame_times_ns),
        dead_letters=dead_letters,
        num_narrations=len(seen),
        score=score_narrations(predicted, [one for one in truth if one.end_s <= last_s]),
        latencies_s=tuple(one.latency_s for one in seen),
        problems=tuple(problems),
    )


def tiling_problems(events: Sequence[NarrationEvent], frame_times_ns: Sequence[int]) -> list[str]:
    """Check that the segments cover the frames from the first to the last, each exactly once, in order.

    A frame that no segment covers is a lost narration, one that two cover a doubled one.
    """
    problems: list[str] = []
    # Gaps and faults between them have numbers of the same counter.
    for before, event in pairwise(events):
        if event.number <= before.number:
            problems.append(f"event number {event.number} comes after {before.number}")
    index_of = {time_ns: index for index, time_ns in enumerate(frame_times_ns)}
    next_frame = 0
    for event in events:
        narration = event.narration
        first, last = index_of.get(narration.start_time_ns), index_of.get(narration.end_time_ns)
        if first is None or last is None:
            problems.append(f"segment {narration.segment} has times that no frame has")
            continue
        if first > next_frame:
            problems.append(f"frames {next_frame} to {first - 1} are in no segment")
        elif first < next_frame:
            problems.append(f"frames {first} to {next_frame - 1} are in two segments")
        next_frame = last + 1
    if next_frame < len(frame_times_ns):
        problems.append(f"frames {next_frame} to {len(frame_times_ns) - 1} are in no segment")
    return problems


def dead_letter_problems(seen: Counter[str], expected: Counter[str]) -> list[str]:
    """Name the dead letters that are missing, doubled or unexpected."""
    return [
        f"{seen[code]} dead letters {code}, {expected[code]} expected"
        for code in sorted(seen.keys() | expected.keys())
        if seen[code] != expected[code]
    ]


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed; NaN if there is none."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def mean_f1(results: Sequence[CameraResult]) -> float:
    """Mean of the cameras' F1."""
    return round(sum(result.score.f1 for result in results) / max(1, len(results)), 4)
