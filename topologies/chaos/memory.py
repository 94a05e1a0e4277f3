"""How much memory every process takes, by what it does."""

from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from pipeline.cluster.local_head import NAME as RAY
from pipeline.services.process import load_record
from topologies.chaos.system import ChaosSystem

MAX_GROWTH = 0.10
"""A process may have grown by this much since the first measurement."""

_RAY_PROCESSES = ("gcs_server", "raylet")


@dataclass(frozen=True, slots=True)
class ProcessMemory:
    """One process.

    Attributes:
        role: What it does, for example `narrator`.
        name: Which one, for example `narrator-0`.
        rss_bytes: Resident memory.
    """

    role: str
    name: str
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class RoleGrowth:
    """How the processes of a role grew.

    Attributes:
        role: What they do.
        early_bytes: Most resident memory of one of them in the minutes before the first measurement.
        late_bytes: In the minutes before the end.
    """

    role: str
    early_bytes: int
    late_bytes: int

    @property
    def growth(self) -> float:
        """By which share it grew; negative if it shrank."""
        return self.late_bytes / self.early_bytes - 1.0

    @property
    def passed(self) -> bool:
        """It did not grow by more than it may."""
        return self.growth <= MAX_GROWTH


def measure(system: ChaosSystem) -> list[ProcessMemory]:
    """Resident memory of all processes of the system that live now."""
    pids: list[tuple[str, str, int]] = [("kafka", "kafka", system.service_pid("kafka"))]
    pids.append(("redis", "redis", system.service_pid("redis")))
    if status := system.status():
        pids += [(actor.kind, actor.name, actor.pid) for actor in status.actors]
        pids.append(("supervisor", "supervisor", status.supervisor_pid))
    pids += [("ray", name, pid) for name, pid in _ray_pids(system)]
    found = []
    for role, name, pid in pids:
        try:
            found.append(ProcessMemory(role, name, psutil.Process(pid).memory_info().rss if pid else 0))
        except psutil.NoSuchProcess:
            continue
    return [process for process in found if process.rss_bytes]


def growth(early: Sequence[ProcessMemory], late: Sequence[ProcessMemory]) -> list[RoleGrowth]:
    """Compare the largest ones role by role: processes have been replaced meanwhile, roles have not."""
    before, after = largest_by_role(early), largest_by_role(late)
    return [RoleGrowth(role, before[role], after[role]) for role in sorted(before.keys() & after.keys())]


def largest_by_role(processes: Sequence[ProcessMemory]) -> dict[str, int]:
    """The most resident memory of a process of each role, bytes."""
    largest: dict[str, int] = {}
    for process in processes:
        largest[process.role] = max(largest.get(process.role, 0), process.rss_bytes)
    return largest


def _ray_pids(system: ChaosSystem) -> list[tuple[str, int]]:
    record = load_record(system.settings.state_dir / RAY / "process.json")
    if record is None or not psutil.pid_exists(record.pid):
        return []
    children = psutil.Process(record.pid).children(recursive=True)
    return [(name, child.pid) for child in children if (name := _name(child)) in _RAY_PROCESSES]


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""
