"""Names of the visual histories and their sizes, as written in settings; free of torch."""

import difflib
from dataclasses import dataclass
from typing import Self

from operators.errors import OperatorError

LEARNED_NAMES = ("clam", "retnet", "token_mlp")
"""Histories with weights: a model has those of the one that it was trained with."""

SIZED_NAMES = ("none", "recent", "kmeans", "moviechat")
"""Histories without weights, whose size may be chosen."""

HISTORY_NAMES = (*LEARNED_NAMES, *SIZED_NAMES, "retain_all")


@dataclass(frozen=True, slots=True)
class HistorySpec:
    """Which visual history, and how large; written `recent:4` or `recent`.

    Attributes:
        name: One of `HISTORY_NAMES`.
        size: `none` and `kmeans`: tokens; `recent` and `moviechat`: frames. None takes what is about as large
            as the model's memory, see `build_history`. The other histories have no size.

    Raises:
        OperatorError: The name is unknown, or the size is below 1 or not allowed.
    """

    name: str
    size: int | None = None

    def __post_init__(self) -> None:
        check_name(self.name, HISTORY_NAMES)
        if self.size is None:
            return
        if self.name not in SIZED_NAMES:
            raise OperatorError(
                f"visual history {str(self)!r}: {self.name} has no size.", action=f"Write {self.name!r}."
            )
        if self.size < 1:
            raise OperatorError(
                f"visual history {str(self)!r}: the size must be at least 1.",
                action="Write 'none' for no history." if self.name != "none" else "",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `name` or `name:size`.

        Raises:
            OperatorError: The name is unknown, or the size is no number, below 1 or not allowed.
        """
        name, colon, size = text.strip().partition(":")
        check_name(name, HISTORY_NAMES)
        if not colon:
            return cls(name)
        try:
            return cls(name, int(size))
        except ValueError as error:
            raise OperatorError(
                f"visual history {text!r}: the size {size!r} is no whole number.",
                action=f"Write {name}:4, for example.",
            ) from error

    def __str__(self) -> str:
        return self.name if self.size is None else f"{self.name}:{self.size}"


def check_name(name: str, known: tuple[str, ...]) -> None:
    """Refuse unknown names.

    Raises:
        OperatorError: The name is not among the known ones; names the nearest.
    """
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise OperatorError(
            f"unknown visual history {name!r}.",
            action=f"The nearest known one is {nearest!r}; known are {', '.join(known)}.",
        )
