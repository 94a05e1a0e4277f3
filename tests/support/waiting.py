"""Waiting for what other processes do: for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

WAIT_S = 90.0
"""Longest wait for a narration: a killed encoder imports torch and transformers again, on a busy machine."""

POLL_S = 0.1


def wait_until(
    holds: Callable[[], object], what: str, timeout_s: float = WAIT_S, show: Callable[[], str] = str
) -> None:
    """Wait for a condition; `show` adds to the message if it never comes.

    Raises:
        AssertionError: It did not come in time.
    """
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:g} s for {what}{show()}")
        time.sleep(POLL_S)
