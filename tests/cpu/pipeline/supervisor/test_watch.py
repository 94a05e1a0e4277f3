from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from ray.exceptions import RayError

from pipeline.messages.health import ActorHealth
from pipeline.supervisor import watch as actor_watch
from pipeline.supervisor.managed_actor import Kind, ManagedActor
from pipeline.supervisor.watch import STUCK_S, watch


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actor_watch, "ASK_EVERY_S", 0.0)


def actor(*answers: ActorHealth | Exception | None) -> ManagedActor:
    """An actor that gives these answers one after the other; None is silence."""
    left = list(answers)

    async def answer() -> ActorHealth:
        given = left.pop(0)
        if given is None:
            await asyncio.sleep(60.0)
        if isinstance(given, Exception):
            raise given
        assert given is not None
        return given

    handle = SimpleNamespace(health=SimpleNamespace(remote=answer))
    return ManagedActor(Kind.ENCODER, "encoder-0", "encoder-0#1", handle, started_s=0.0)


def reason(watched: ManagedActor) -> str:
    return asyncio.run(watch(watched))


def test_a_dead_process_is_noticed_and_its_last_answer_kept() -> None:
    watched = actor(ActorHealth(7, ready=True), RayError("it died\nlong story"))
    assert reason(watched) == "RayError: it died"
    assert watched.health == ActorHealth(7, ready=True)


def test_an_actor_that_says_it_failed_is_given_up() -> None:
    assert reason(actor(ActorHealth(7, ready=False, failure="no model"))) == "no model"


def test_an_actor_that_is_stuck_in_a_step_is_given_up() -> None:
    healthy, stuck = ActorHealth(7, ready=True, busy_s=STUCK_S), ActorHealth(7, True, busy_s=STUCK_S + 1)
    assert reason(actor(healthy, stuck)).startswith("stuck for")


@pytest.mark.parametrize(
    ("answers", "deadline"),
    [((None,), "START_DEADLINE_S"), ((ActorHealth(7, ready=True), None), "ANSWER_DEADLINE_S")],
)
def test_silence_has_a_deadline(
    monkeypatch: pytest.MonkeyPatch, answers: tuple[Any, ...], deadline: str
) -> None:
    monkeypatch.setattr(actor_watch, deadline, 0.05)
    assert reason(actor(*answers)) == "no answer within 0.05 s"
