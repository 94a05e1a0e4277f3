"""What one outage cost: its figures, from all that is in the topics afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from topologies.bench.outages import Outage
from topologies.chaos.checker.check import Readings, check
from topologies.chaos.checker.records import LogRecord
from topologies.chaos.checker.verdict import Category, Verdict


@dataclass(frozen=True, slots=True)
class OutageFigures:
    """One outage.

    Attributes:
        scenario: What happened.
        outage_s: How long.
        back_after_s: From its end to the first narration that became visible.
        longest_pause_s: Longest time without a narration, from the outage on.
        narrations: Narrations of its streams.
        lost: Frames that nothing covers, and events that are missing.
        doubled: Frames or events that are there twice.
        wrong: Other broken promises: order, gaps.
        left_out: Frames that were told as left out.
        faults: Fault events: memories that were lost, and the like.
        told: What the topology's status said meanwhile.
        peak_mib: Largest resident memory of a process of each role.
    """

    scenario: str
    outage_s: float
    back_after_s: float
    longest_pause_s: float
    narrations: int
    lost: int
    doubled: int
    wrong: int
    left_out: int
    faults: int
    told: str
    peak_mib: dict[str, int]


@dataclass(slots=True)
class Trial:
    """One outage as it went.

    Attributes:
        outage: Which one.
        streams: Streams of its cameras, which are no others'.
        began_ms: When it began, Unix milliseconds.
        ended_ms: When it was made good.
        told: What the topology's status said meanwhile.
        peak_bytes: Largest resident memory of a process of each role.
    """

    outage: Outage
    streams: frozenset[str]
    began_ms: int = 0
    ended_ms: int = 0
    told: str = ""
    peak_bytes: dict[str, int] = field(default_factory=dict)


def figures_of(trial: Trial, frames: Sequence[LogRecord], events: Sequence[LogRecord]) -> OutageFigures:
    """What one outage cost, from all that is in the topics at the end."""
    mine = [record for record in events if _stream(record) in trial.streams]
    verdict = check(Readings([r for r in frames if _stream(r) in trial.streams], mine, ()))
    times_ms = sorted(r.timestamp_ms for r in mine if ("ce_type", b"flownar.narration.v1") in r.headers)
    pauses_ms = [
        later - max(earlier, trial.began_ms)
        for earlier, later in pairwise(times_ms)
        if later > trial.began_ms
    ]
    back_ms = min((at for at in times_ms if at >= trial.ended_ms), default=None)
    return OutageFigures(
        scenario=trial.outage.name,
        outage_s=round((trial.ended_ms - trial.began_ms) / 1000, 1),
        back_after_s=-1.0 if back_ms is None else round((back_ms - trial.ended_ms) / 1000, 1),
        longest_pause_s=round(max(pauses_ms, default=-1000) / 1000, 1),
        narrations=verdict.narrations,
        lost=verdict.count(Category.LOST),
        doubled=verdict.count(Category.DOUBLED),
        wrong=_num_others(verdict),
        left_out=verdict.shed_frames,
        faults=sum(count for _, count in verdict.faults),
        told=trial.told,
        peak_mib={role: round(size / 2**20) for role, size in sorted(trial.peak_bytes.items())},
    )


def _num_others(verdict: Verdict) -> int:
    known = (Category.LOST, Category.DOUBLED)
    return sum(problem.count for problem in verdict.problems if problem.category not in known)


def _stream(record: LogRecord) -> str:
    return (record.key or b"").decode(errors="replace")
