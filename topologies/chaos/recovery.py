"""How long it takes until partitions commit again: a pure function of faults and of commits' times."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from topologies.chaos.faults import DoneFault
from topologies.chaos.schedule import FaultKind

OUTAGES = frozenset(
    {FaultKind.RESTART_BROKER, FaultKind.RESTART_REDIS, FaultKind.CUT_KAFKA, FaultKind.CUT_REDIS}
)
"""While one of these lasts, nobody can recover from anything."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """One partition after one fault.

    Attributes:
        kind: The fault.
        partition: Partition number.
        seconds: From the fault to the partition's next commit; inf if there was none.
        shifted: Another outage came between: the time counts from its end.
    """

    kind: FaultKind
    partition: int
    seconds: float
    shifted: bool


def recoveries(done: Sequence[DoneFault], commits: Mapping[int, Sequence[int]]) -> list[Recovery]:
    """What each fault cost each partition that it took something from.

    Args:
        done: All faults.
        commits: By partition, when it committed, Unix milliseconds, rising; empty without traffic.
    """
    outages = sorted((fault for fault in done if fault.kind in OUTAGES), key=lambda fault: fault.began_ms)
    found: list[Recovery] = []
    for fault in done:
        # One that is over before this one is changes nothing.
        others = [
            outage for outage in outages if outage.ended_ms > fault.ended_ms or fault.kind not in OUTAGES
        ]
        found += [
            _recovery(fault, partition, times, others)
            for partition in fault.partitions
            if (times := commits.get(partition, ()))
        ]
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed; NaN if there is none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def p95_by_kind(found: Sequence[Recovery]) -> dict[str, float]:
    """95th percentile of the seconds, by kind of fault."""
    kinds = sorted({recovery.kind for recovery in found})
    return {kind: percentile([r.seconds for r in found if r.kind is kind], 0.95) for kind in kinds}


def _recovery(
    fault: DoneFault, partition: int, times: Sequence[int], outages: Sequence[DoneFault]
) -> Recovery:
    place = bisect_right(times, fault.began_ms)
    if place == len(times):
        return Recovery(fault.kind, partition, math.inf, shifted=False)
    commit_ms, since_ms = times[place], fault.began_ms
    for outage in outages:
        if outage.began_ms < commit_ms and since_ms < outage.ended_ms <= commit_ms:
            since_ms = outage.ended_ms
    seconds = (commit_ms - since_ms) / 1000
    return Recovery(fault.kind, partition, seconds, shifted=since_ms != fault.began_ms)
