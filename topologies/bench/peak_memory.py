"""The most memory that processes had, seen by looking again and again."""

import threading
from types import TracebackType
from typing import Self

from topologies.chaos.memory import measure
from topologies.chaos.system import ChaosSystem

SAMPLE_S = 2.0


class PeakMemory:
    """Looks from a thread of its own.

    Args:
        system: Whose processes.

    Attributes:
        peak_bytes: Largest resident memory of a process of each role.
    """

    def __init__(self, system: ChaosSystem) -> None:
        self.peak_bytes: dict[str, int] = {}
        self._system = system
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="peak-memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            for process in measure(self._system):
                known = self.peak_bytes.get(process.role, 0)
                self.peak_bytes[process.role] = max(known, process.rss_bytes)
