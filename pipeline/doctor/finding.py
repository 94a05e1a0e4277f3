"""What a check found."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        area: For example `kafka` or `clocks`.
        level: `ok`; `warning`: it works, but may not stay so; `problem`: it does not work.
        message: What was found.
        action: What to do; "" if it is ok.
    """

    area: str
    level: Level
    message: str
    action: str = ""


def ok(area: str, message: str) -> Finding:
    """Nothing to do."""
    return Finding(area, "ok", message)


def warning(area: str, message: str, action: str) -> Finding:
    """It works, but may not stay so."""
    return Finding(area, "warning", message, action)


def problem(area: str, message: str, action: str) -> Finding:
    """It does not work."""
    return Finding(area, "problem", message, action)
