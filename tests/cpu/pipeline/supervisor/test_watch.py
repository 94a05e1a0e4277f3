from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest
from ray.exceptions import RayError

from pipeline.messages.health import ActorHealth
from pipeline.supervisor import lease
from pipeline.supervisor import watch as actor_watch
from pipeline.supervisor.managed_actor import ManagedActor
from pipeline.supervisor.process_name import ProcessName
from pipeline.supervisor.watch import STUCK_S, watch


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actor_watch, "ASK_EVERY_S", 0.0)
    monkeypatch.setattr(actor_watch, "STEP_S", 0.005)


WELL = ActorHealth(7, ready=True)
LEASE_S = 0.05


def actor(*answers: ActorHealth | Exception | float) -> ManagedActor:
    """An actor that gives these answers one after the other; a number is seconds of silence before one."""
    left = list(answers)

    async def answer() -> ActorHealth:
        given = left.pop(0)
        if isinstance(given, float):
            await asyncio.sleep(given)
            given = left.pop(0)
        if isinstance(given, Exception):
            raise given
        assert isinstance(given, ActorHealth)
        return given

    health = SimpleNamespace(options=lambda **_: SimpleNamespace(remote=answer))
    return ManagedActor(
        ProcessName("run/", "encoder-0", 0, "x"), SimpleNamespace(health=health), started_s=0.0
    )


def reason(watched: ManagedActor, *, alone: bool = False) -> tuple[str, int]:
    """Why it is given up, and how often its partitions were taken away before."""
    silences: list[float] = []
    why = asyncio.run(watch(watched, LEASE_S, is_alone=lambda: alone, on_silence=silences.append))
    assert all(silent_s >= LEASE_S for silent_s in silences)
    return why, len(silences)


def test_a_dead_process_is_noticed_and_its_last_answer_kept() -> None:
    watched = actor(WELL, RayError("it died\nlong story"))
    assert reason(watched) == ("RayError: it died", 0)
    assert watched.health == WELL


def test_an_actor_that_says_it_failed_is_given_up() -> None:
    assert reason(actor(ActorHealth(7, ready=False, failure="no model"))) == ("no model", 0)


def test_an_actor_that_is_stuck_in_a_step_is_given_up() -> None:
    healthy, stuck = ActorHealth(7, ready=True, busy_s=STUCK_S), ActorHealth(7, True, busy_s=STUCK_S + 1)
    assert reason(actor(healthy, stuck))[0].startswith("stuck for")


def test_an_actor_that_answers_after_its_lease_is_welcome_again() -> None:
    watched = actor(WELL, 2 * LEASE_S, WELL, RayError("later"))
    assert reason(watched) == ("RayError: later", 1)
    assert not watched.silent
    assert watched.is_usable


def test_an_actor_that_is_silent_for_long_is_given_up() -> None:
    watched = actor(WELL, 60.0)
    why, num_silences = reason(watched)
    assert why.startswith("no answer for")
    assert num_silences == 1
    assert watched.silent


def test_it_is_given_up_sooner_if_nobody_else_does_its_work() -> None:
    assert reason(actor(WELL, 4 * LEASE_S, WELL, RayError("x")), alone=True)[0].startswith("no answer")
    assert reason(actor(WELL, 4 * LEASE_S, WELL, RayError("x")), alone=False) == ("RayError: x", 1)


@pytest.mark.parametrize(
    ("first", "deadline"),
    [((), "START_DEADLINE_S"), ((ActorHealth(7, ready=False),), "LOADING_DEADLINE_S")],
)
def test_a_start_has_a_deadline_and_no_lease(
    monkeypatch: pytest.MonkeyPatch, first: tuple[ActorHealth, ...], deadline: str
) -> None:
    assert reason(actor(*first, 2 * LEASE_S, WELL, RayError("x"))) == ("RayError: x", 0)
    monkeypatch.setattr(lease, deadline, 0.05)
    why, num_silences = reason(actor(*first, 60.0))
    assert why.startswith("no answer")
    assert num_silences == 0
