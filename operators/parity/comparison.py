"""What was compared with a recorded file, and how far apart the two are."""

import math
from dataclasses import dataclass, field
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import ArrayLike
from safetensors import SafetensorError

from operators.errors import FlowNarError

UNREADABLE = (
    FlowNarError,
    OSError,
    BadZipFile,
    SafetensorError,
    LookupError,
    TypeError,
    ValueError,
    RuntimeError,
)
"""What a file raises that is broken or not of the recorded form."""


@dataclass(frozen=True, slots=True)
class FileResult:
    """One recorded file against what this implementation computes.

    Attributes:
        file: Path inside the folder.
        part: `clam`, `mask`, `stream`, `teacher` or `metrics`.
        max_diff: Largest absolute difference of the quantity that is worst in proportion to its tolerance.
        tolerance: Tolerance of that quantity; 0 where values must be equal.
        passed: Everything in the file agrees.
        detail: Names that quantity; says what differs if something does.
    """

    file: str
    part: str
    max_diff: float
    tolerance: float
    passed: bool
    detail: str = ""

    @classmethod
    def of_failure(cls, file: str, part: str, why: str) -> Self:
        """The result of a file that nothing could be computed for."""
        return cls(file, part, math.inf, 0.0, passed=False, detail=why)


@dataclass(slots=True)
class Comparison:
    """Collects the quantities of one file.

    Attributes:
        file: Path inside the folder.
        part: Part that the file belongs to.
    """

    file: str
    part: str
    _worst: tuple[float, float, float, str] = (-1.0, 0.0, 0.0, "")
    _failures: list[str] = field(default_factory=list)

    def close(self, name: str, ours: ArrayLike, recorded: ArrayLike, tolerance: float) -> None:
        """Compare numbers; other shapes differ, and so does a NaN from a number.

        Args:
            name: Name of the quantity.
            ours: Numbers of any shape.
            recorded: Numbers of the same shape.
            tolerance: Largest absolute difference that is allowed.
        """
        mine, theirs = np.asarray(ours, dtype=np.float64), np.asarray(recorded, dtype=np.float64)
        if mine.shape != theirs.shape:
            self._note(name, math.inf, tolerance, f"shape {mine.shape}, recorded {theirs.shape}")
            return
        agree = (mine == theirs) | (np.isnan(mine) & np.isnan(theirs))
        with np.errstate(invalid="ignore"):
            differences = np.where(agree, 0.0, np.nan_to_num(np.abs(mine - theirs), nan=math.inf))
        largest = float(differences.max(initial=0.0))
        where = ""
        if largest > tolerance:
            place = np.unravel_index(int(differences.argmax()), differences.shape)
            index = "".join(f"[{i}]" for i in place)
            where = f"{name}{index} is {mine[place]:.9g}, recorded {theirs[place]:.9g}"
        self._note(name, largest, tolerance, where)

    def equal(self, name: str, ours: Any, recorded: Any) -> None:
        """Compare texts, numbers or nested lists of them exactly."""
        difference = _first_difference(name, ours, recorded)
        self._note(name, 1.0 if difference else 0.0, 0.0, difference)

    def result(self) -> FileResult:
        """Sum up what was compared."""
        _, largest, tolerance, name = self._worst
        return FileResult(
            file=self.file,
            part=self.part,
            max_diff=largest,
            tolerance=tolerance,
            passed=not self._failures,
            detail="; ".join(self._failures[:3]) or name,
        )

    def _note(self, name: str, largest: float, tolerance: float, failure: str) -> None:
        if failure:
            self._failures.append(failure)
        share = largest / tolerance if tolerance else (math.inf if largest else 0.0)
        if (share, tolerance) > self._worst[:1] + self._worst[2:3]:
            self._worst = (share, largest, tolerance, name)


def _first_difference(name: str, ours: Any, recorded: Any) -> str:
    """Where the two differ first, in words; empty if they don't."""
    if isinstance(ours, list | tuple) and isinstance(recorded, list | tuple):
        if len(ours) != len(recorded):
            return f"{name} has {len(ours)} items, recorded {len(recorded)}"
        for index, (mine, theirs) in enumerate(zip(ours, recorded, strict=True)):
            if difference := _first_difference(f"{name}[{index}]", mine, theirs):
                return difference
        return ""
    return "" if ours == recorded else f"{name} is {ours!r}, recorded {recorded!r}"
