"""A state machine drives the protocol through crashes, pauses, losses and two owners at once."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.support.crash_model.machine import CrashMachine

MIN_STEPS = 2_000


def test_whatever_happens_readers_see_every_event_once_and_in_order() -> None:
    before = CrashMachine.num_steps
    run_state_machine_as_test(
        CrashMachine,
        settings=settings(
            max_examples=60,
            stateful_step_count=60,
            deadline=None,
            # The same machines every time: what fails here must not depend on the day.
            derandomize=True,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert CrashMachine.num_steps - before >= MIN_STEPS
