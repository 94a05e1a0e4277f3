"""Whether something works, remembered: its changes are logged once, repeated tries say nothing."""

import logging
import threading
import time
from collections.abc import Callable

from pipeline.messages.health import Dependency


class StateLog:
    """Thread-safe. At first it counts as working.

    Args:
        name: What it is, for the status: `redis`.
        what: What it is, for the log: `Redis at 10.0.0.7:6379`.
        log: Where changes are logged.
        clock: Seconds that never jump.
    """

    def __init__(
        self, name: str, what: str, log: logging.Logger, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._what = what
        self._log = log
        self._clock = clock
        self._lock = threading.Lock()
        self._since_s = clock()
        self._reason = ""

    @property
    def is_up(self) -> bool:
        """It works, as far as is known."""
        return not self._reason

    @property
    def reason(self) -> str:
        """Why it does not work, as the last try told; "" if it does."""
        return self._reason

    def up(self) -> bool:
        """A try was a success; returns whether that is a change."""
        with self._lock:
            if not self._reason:
                return False
            down_s = self._clock() - self._since_s
            self._reason, self._since_s = "", self._clock()
        self._log.warning("%s works again after %.0f s", self._what, down_s)
        return True

    def down(self, reason: str) -> bool:
        """A try failed; returns whether that is a change."""
        with self._lock:
            is_news = not self._reason
            self._reason = reason or "it failed"
            if is_news:
                self._since_s = self._clock()
        if is_news:
            self._log.warning("%s is down: %s", self._what, reason)
        return is_news

    def dependency(self) -> Dependency:
        """What there is to tell in a status."""
        with self._lock:
            state = "down" if self._reason else "up"
            return Dependency(self._name, state, self._clock() - self._since_s, self._reason)
