from __future__ import annotations

import logging

import pytest

from pipeline.messages.health import Dependency
from pipeline.state_log import StateLog


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> StateLog:
    return StateLog("redis", "Redis at h:1", logging.getLogger("test"), clock)


def test_only_changes_are_logged(state: StateLog, caplog: pytest.LogCaptureFixture) -> None:
    assert [state.up(), state.down("refused"), state.down("no answer"), state.up(), state.up()] == [
        False,
        True,
        False,
        True,
        False,
    ]
    assert caplog.messages == ["Redis at h:1 is down: refused", "Redis at h:1 works again after 0 s"]


def test_the_status_tells_since_when_and_the_newest_reason(state: StateLog, clock: Clock) -> None:
    clock.now_s += 5.0
    assert state.dependency() == Dependency("redis", "up", 5.0)
    state.down("refused")
    clock.now_s += 7.0
    state.down("no answer")
    assert state.dependency() == Dependency("redis", "down", 7.0, "no answer")
    assert (state.is_up, state.reason) == (False, "no answer")
    state.up()
    assert state.dependency() == Dependency("redis", "up", 0.0)


def test_a_failure_without_a_reason_is_one(state: StateLog) -> None:
    assert state.down("")
    assert not state.is_up
