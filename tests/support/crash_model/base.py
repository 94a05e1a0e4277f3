"""What all rules of the state machine share: the world, its checker, and a count of what was done."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ClassVar, Protocol, TypeVar

from hypothesis.stateful import RuleBasedStateMachine, invariant

from tests.support.crash_model.checker import Checker
from tests.support.crash_model.ending import bring_to_an_end
from tests.support.crash_model.world import World

T = TypeVar("T")


class _Counts(Protocol):
    num_steps: int
    is_broken: bool


def counted(function: Callable[..., None]) -> Callable[..., None]:
    """Count a rule's runs, and remember whether it failed."""

    @wraps(function)
    def run(self: _Counts, **arguments: Any) -> None:
        WorldMachine.num_steps += 1
        self.is_broken = True
        function(self, **arguments)
        self.is_broken = False

    return run


def choose(items: Sequence[T], index: int) -> T:
    """One of the items, whatever the index."""
    return items[index % len(items)]


class WorldMachine(RuleBasedStateMachine):
    """A world that rules do things to; `check` is run after each of them.

    Attributes:
        num_steps: Rules that were run, over all machines.
        seen: How often each step of a process went wrong in which way, over all machines.
        is_broken: A rule failed, or the promises behind it.
    """

    num_steps = 0
    seen: ClassVar[Counter[tuple[str, str]]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        # What goes wrong here is meant to, and writing about it takes most of the time.
        logging.disable(logging.CRITICAL)
        self.world = World()
        self.checker = Checker(self.world)
        self.is_broken = False

    @invariant()
    def check(self) -> None:
        self.is_broken = True
        self.checker.check()
        self.is_broken = False

    def teardown(self) -> None:
        try:
            if self.is_broken:
                # What was broken is reported; but no thread may be left behind.
                self.world.heal()
            else:
                bring_to_an_end(self.world, self.checker)
        finally:
            WorldMachine.seen += self.world.steps.seen
            logging.disable(logging.NOTSET)
