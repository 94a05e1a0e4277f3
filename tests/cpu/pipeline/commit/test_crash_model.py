"""A state machine drives the protocol through crashes, pauses, losses and two owners at once."""

import pytest

from tests.support.crash_model.bugs import Bug, planted
from tests.support.crash_model.promises import ViolationError
from tests.support.crash_model.running import Search, run_machines

MIN_STEPS = 2_000


def test_whatever_happens_readers_see_every_event_once_and_in_order() -> None:
    # The same machines every time: what fails here must not depend on the day.
    assert run_machines(Search(num_machines=60)) >= MIN_STEPS


@pytest.mark.parametrize("bug", Bug)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    with planted(bug), pytest.raises(ViolationError):
        run_machines(Search(num_machines=1000, shrink=False))
