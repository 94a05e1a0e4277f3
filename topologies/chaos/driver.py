"""Does planned faults as their time comes, several at once; later, what could not be done in time."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from topologies.chaos.faults import DoneFault
from topologies.chaos.schedule import PlannedFault

AT_ONCE = 4
"""Faults that may be under way together: a process may be killed while the network is cut."""

AGAIN_AFTER_S = 1.0


class FaultDriver:
    """Keeps a schedule. Not thread-safe; faults are done in threads of its own.

    Args:
        faults: What to do, by time.
        do: Does one fault to its end; None if it could not be done now.
        on_done: Called by `step` with each fault that was done.
    """

    def __init__(
        self,
        faults: Sequence[PlannedFault],
        do: Callable[[PlannedFault], DoneFault | None],
        on_done: Callable[[DoneFault], None],
    ) -> None:
        self.done: list[DoneFault] = []
        self._waiting = list(faults)
        self._do = do
        self._on_done = on_done
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fault")
        self._running: dict[PlannedFault, Future[DoneFault | None]] = {}

    @property
    def num_left(self) -> int:
        """Faults that are still to be done, or are under way."""
        return len(self._waiting) + len(self._running)

    @property
    def is_idle(self) -> bool:
        """No fault is under way."""
        return not self._running

    def step(self, now_s: float) -> None:
        """Take note of what was done, and start what is due.

        Args:
            now_s: Time in the schedule.

        Raises:
            FlowNarError: Something that was taken does not come back.
        """
        for fault in [fault for fault, doing in self._running.items() if doing.done()]:
            done = self._running.pop(fault).result()
            if done is None:
                self._waiting.append(replace(fault, at_s=now_s + AGAIN_AFTER_S))
            else:
                self.done.append(done)
                self._on_done(done)
        self._waiting.sort(key=lambda fault: fault.at_s)
        while self._waiting and self._waiting[0].at_s <= now_s and len(self._running) < AT_ONCE:
            fault = self._waiting.pop(0)
            self._running[fault] = self._pool.submit(self._do, fault)

    def close(self) -> None:
        """Wait for what is under way: a paused process must go on, a network must be mended."""
        self._waiting = []
        self._pool.shutdown(wait=True)
