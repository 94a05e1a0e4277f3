"""What became of it: the verdict, how fast it recovered, what memory it took; as JSON, and passed or not."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from topologies.chaos.checker.verdict import Verdict
from topologies.chaos.faults import DoneFault
from topologies.chaos.memory import RoleGrowth
from topologies.chaos.recovery import Recovery, p95_by_kind
from topologies.chaos.schedule import FaultKind
from topologies.chaos.settings import ChaosOptions

MAX_PROBLEMS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ChaosReport:
    """The whole result.

    Attributes:
        options: What was asked for.
        done: Faults that happened.
        verdict: What the checker says.
        recoveries: One per fault and partition.
        memory: How much processes grew, by role.
        undone: What the topology left undone when it was stopped; "" if nothing was.
        took_s: How long all of it took.
    """

    options: ChaosOptions
    done: tuple[DoneFault, ...]
    verdict: Verdict
    recoveries: tuple[Recovery, ...]
    memory: tuple[RoleGrowth, ...]
    undone: str
    took_s: float

    @property
    def passed(self) -> bool:
        """Nothing is lost, doubled, out of order, changed or untold."""
        return self.verdict.passed

    @property
    def faults_by_kind(self) -> dict[str, int]:
        """How often each kind was done; kinds that were asked for and never done have 0."""
        counts = Counter(fault.kind for fault in self.done)
        return {str(kind): counts[kind] for kind in FaultKind if kind in self.options.kinds}

    @property
    def recovery_p95_s(self) -> float:
        """95th percentile of the seconds from a narrator's death to its partitions' next commits."""
        return p95_by_kind(self.recoveries).get(FaultKind.KILL_NARRATOR, math.nan)

    def to_json(self) -> dict[str, Any]:
        """One JSON object."""
        counts = self.verdict.to_json()
        problems = [str(problem) for problem in self.verdict.problems[:MAX_PROBLEMS_SHOWN]]
        by_kind = {kind: _rounded(value) for kind, value in p95_by_kind(self.recoveries).items()}
        return {
            "passed": self.passed,
            "seed": self.options.seed,
            "minutes": self.options.minutes,
            "cameras": self.options.num_cameras,
            "fps": self.options.fps,
            "faults": len(self.done),
            "faults_by_kind": self.faults_by_kind,
            **counts,
            "recovery_p95_s": _rounded(self.recovery_p95_s),
            "recovery_p95_s_by_kind": by_kind,
            "recoveries_behind_an_outage": sum(recovery.shifted for recovery in self.recoveries),
            "memory": [
                {
                    "role": role.role,
                    "early_mib": _mib(role.early_bytes),
                    "late_mib": _mib(role.late_bytes),
                    "growth": round(role.growth, 3),
                    "passed": role.passed,
                }
                for role in self.memory
            ],
            "memory_passed": all(role.passed for role in self.memory),
            "problems": problems,
            "undone": self.undone,
            "took_s": round(self.took_s, 1),
        }


def _rounded(seconds: float) -> float | None:
    return round(seconds, 2) if math.isfinite(seconds) else None


def _mib(num_bytes: int) -> float:
    return round(num_bytes / 2**20, 1)
