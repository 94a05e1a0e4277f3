"""Requests that were given up by who sent them, and that may still arrive."""

from __future__ import annotations

from collections.abc import Callable


class Network:
    """Holds late requests until they are delivered, in any order."""

    def __init__(self) -> None:
        self._late: list[Callable[[], None]] = []

    @property
    def num_late(self) -> int:
        """How many are on their way."""
        return len(self._late)

    def delay(self, request: Callable[[], None]) -> None:
        """Deliver a request later, or never."""
        self._late.append(request)

    def deliver(self, index: int) -> None:
        """One of them arrives."""
        self._late.pop(index % len(self._late))()

    def deliver_all(self) -> None:
        """All of them arrive."""
        while self._late:
            self.deliver(0)
