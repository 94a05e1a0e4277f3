"""Where a process of the model dies, stands still or is failed by a service: at any step of an operation."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping

CRASH, PAUSE = 0, 1
"""Fates that every step has; greater numbers choose among what else can go wrong in it."""


class CrashError(BaseException):
    """The process dies here."""


class Operation:
    """A commit or a takeover of one process, which may stand still in the middle while others go on.

    Only one thread runs at any time, so that the same fates always lead to the same end.

    Args:
        steps: The steps of the world that it lives in.
        process: Number of the process.
        work: What it does.
        fates: What happens, by number of the step from here.
    """

    def __init__(
        self, steps: Steps, process: int, work: Callable[[], object], fates: Mapping[int, int]
    ) -> None:
        self.process = process
        self.result: object = None
        self.error: BaseException | None = None
        self.is_done = False
        self._steps = steps
        self._work = work
        self._fates = dict(fates)
        self._num_steps = 0
        self._is_killed = False
        self._thread: threading.Thread | None = None
        self._go = threading.Semaphore(0)
        self._stopped = threading.Semaphore(0)

    def go_on(self, fates: Mapping[int, int] | None = None) -> bool:
        """Run to the end or until it stands still again; returns whether it is done."""
        if fates is not None:
            self._fates = {self._num_steps + step: fate for step, fate in fates.items()}
        self._steps.current = self
        try:
            if self._thread is None and PAUSE not in self._fates.values():
                self._run()
            else:
                self._switch()
        finally:
            self._steps.current = None
        return self.is_done

    def kill(self) -> None:
        """The process dies where it stands."""
        self._is_killed = True
        if self._thread is not None and not self.is_done:
            self.go_on({})

    def reach(self, kinds: tuple[str, ...]) -> str | None:
        """One more step; returns what goes wrong in it, which is one of `kinds`, or None."""
        self._num_steps += 1
        fate = self._fates.get(self._num_steps)
        if fate is None:
            return None
        if fate == PAUSE:
            self._stopped.release()
            self._go.acquire()
        if fate == CRASH or self._is_killed:
            raise CrashError
        return kinds[fate % len(kinds)] if kinds and fate > PAUSE else None

    def _switch(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run_in_thread, daemon=True)
            self._thread.start()
        self._go.release()
        self._stopped.acquire()
        if self.is_done:
            self._thread.join()

    def _run_in_thread(self) -> None:
        self._go.acquire()
        self._run()
        self._stopped.release()

    def _run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:
            self.error = error
        self.is_done = True


class Steps:
    """All steps of a world: the services call `at` wherever something may go wrong.

    Attributes:
        current: The operation that runs; without one nothing goes wrong.
        seen: How often each step went wrong in which way.
    """

    def __init__(self) -> None:
        self.current: Operation | None = None
        self.seen: Counter[tuple[str, str]] = Counter()

    def at(self, name: str, *kinds: str) -> str | None:
        """Pass the step `name`; returns what goes wrong in it, one of `kinds`, or None.

        Raises:
            CrashError: The process dies here.
        """
        if self.current is None:
            return None
        try:
            fault = self.current.reach(kinds)
        except CrashError:
            self.seen[name, "crash"] += 1
            raise
        if fault is not None:
            self.seen[name, fault] += 1
        return fault
