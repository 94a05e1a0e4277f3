"""How a broken promise is reported."""

from __future__ import annotations


class ViolationError(AssertionError):
    """The protocol broke a promise."""


def require(condition: bool, promise: str, *facts: object) -> None:
    """Raise ViolationError if a promise is broken."""
    if not condition:
        raise ViolationError(f"{promise}: {', '.join(map(repr, facts))}")
