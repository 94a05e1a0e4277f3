"""Run the state machine."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.crash_model.machine import CrashMachine

STEPS_OF_MACHINE = 60
"""Longer ones come to an end more seldom, shorter ones do not get far."""


@dataclass(frozen=True, slots=True)
class Search:
    """How to search.

    Attributes:
        num_machines: How many machines, each a world of its own, of at most STEPS_OF_MACHINE steps.
        seed: Decides what happens; None takes what depends on nothing but the code of the machine.
        shrink: Look for a short story once a promise is broken.
    """

    num_machines: int
    seed: int | None = None
    shrink: bool = True


def run_machines(search: Search) -> int:
    """Run machines; returns how many steps that were.

    Raises:
        ViolationError: A promise is broken; its notes tell the story.
    """
    before = CrashMachine.num_steps
    machine = type(CrashMachine.__name__, (CrashMachine,), {})
    run_state_machine_as_test(
        machine if search.seed is None else seed(search.seed)(machine),
        settings=settings(
            max_examples=search.num_machines,
            stateful_step_count=STEPS_OF_MACHINE,
            deadline=None,
            derandomize=search.seed is None,
            database=None,
            phases=[Phase.generate, *([Phase.shrink] if search.shrink else [])],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return CrashMachine.num_steps - before
