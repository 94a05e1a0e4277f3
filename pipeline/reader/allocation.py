"""How streams share what can be narrated of their partition: by priority, then fairly. A pure policy."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from pipeline.reader.overload import MIN_RATIO


@dataclass(frozen=True, slots=True)
class Demand:
    """What a stream asks for.

    Attributes:
        priority: The higher ones lose frames last.
        num_frames: Frames that came lately.
    """

    priority: int
    num_frames: int


def allocate(demands: Mapping[str, Demand], ratio: float) -> dict[str, float]:
    """Share of every stream's frames that is kept.

    Every stream keeps a sixteenth at least. What is left goes to the highest priority first; among equals,
    nobody gets more while another one asks for more and has less, so that a stream with very many frames
    does not take those of the others.

    Args:
        demands: By stream.
        ratio: Share of all frames together, above 0.
    """
    kept = {stream: demand.num_frames * MIN_RATIO for stream, demand in demands.items()}
    left = ratio * sum(demand.num_frames for demand in demands.values()) - sum(kept.values())
    for priority in sorted({demand.priority for demand in demands.values()}, reverse=True):
        equals = [stream for stream, demand in demands.items() if demand.priority == priority]
        level = _water_level([(kept[s], demands[s].num_frames) for s in equals], max(left, 0.0))
        for stream in equals:
            wanted = min(max(level, kept[stream]), demands[stream].num_frames)
            left -= wanted - kept[stream]
            kept[stream] = wanted
    return {
        stream: kept[stream] / demand.num_frames if demand.num_frames else 1.0
        for stream, demand in demands.items()
    }


def _water_level(ranges: list[tuple[float, float]], amount: float) -> float:
    """To which level vessels, each with a floor and a brim, are filled by an amount."""
    marks = sorted({mark for bounds in ranges for mark in bounds})
    for lower, upper in pairwise(marks):
        num_filling = sum(1 for floor, brim in ranges if floor <= lower and brim >= upper)
        needed = num_filling * (upper - lower)
        if needed > amount:
            return lower + amount / num_filling
        amount -= needed
    return marks[-1] if marks else 0.0
