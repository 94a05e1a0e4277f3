"""Looks at the memory of all processes again and again: a single look depends on who was just replaced."""

import time
from collections.abc import Sequence

from topologies.chaos.background import BackgroundWork
from topologies.chaos.memory import ProcessMemory, largest_by_role, measure
from topologies.chaos.system import ChaosSystem

SAMPLE_S = 3.0


class MemoryWatch(BackgroundWork):
    """Looks from a thread of its own.

    Args:
        system: Whose processes.
    """

    def __init__(self, system: ChaosSystem) -> None:
        super().__init__("memory-watch")
        self._system = system
        self._samples: list[tuple[float, list[ProcessMemory]]] = []

    def between(self, from_s: float, to_s: float) -> Sequence[ProcessMemory]:
        """All that was seen from one monotonic time to another, process by process and look by look."""
        return [process for at_s, seen in list(self._samples) if from_s <= at_s <= to_s for process in seen]

    def largest(self) -> dict[str, int]:
        """The most memory that a process of each role ever had, bytes."""
        return largest_by_role(self.between(0.0, time.monotonic()))

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            self._samples.append((time.monotonic(), measure(self._system)))
