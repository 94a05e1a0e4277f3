"""The most memory that processes had, seen by looking again and again."""

from topologies.bench.background import BackgroundWork
from topologies.chaos.memory import measure
from topologies.chaos.system import ChaosSystem

SAMPLE_S = 2.0


class PeakMemory(BackgroundWork):
    """Looks from a thread of its own.

    Args:
        system: Whose processes.

    Attributes:
        peak_bytes: Largest resident memory of a process of each role.
    """

    def __init__(self, system: ChaosSystem) -> None:
        super().__init__("peak-memory")
        self.peak_bytes: dict[str, int] = {}
        self._system = system

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            for process in measure(self._system):
                known = self.peak_bytes.get(process.role, 0)
                self.peak_bytes[process.role] = max(known, process.rss_bytes)
