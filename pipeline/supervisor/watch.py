"""Watching one actor: how the supervisor knows that a process is dead, silent, stuck or broken."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from ray.exceptions import RayError

from pipeline.cluster.remote_errors import describe
from pipeline.messages.health import ActorHealth
from pipeline.supervisor.lease import STEP_S, Silence
from pipeline.supervisor.managed_actor import HEALTH, ManagedActor

ASK_EVERY_S = 0.4
"""Time between two questions; the death of a process answers the open one at once."""

STUCK_S = 120.0
"""A single step (a batch, a long group of pictures) that takes longer than this will not end any more."""


async def watch(
    actor: ManagedActor,
    lease_s: float,
    *,
    is_alone: Callable[[], bool],
    on_silence: Callable[[float], None],
) -> str:
    """Ask an actor how it is again and again, and keep its answers.

    Args:
        actor: Whom.
        lease_s: After how much silence `on_silence` is called, once, with the seconds; `actor.silent` is set
            until it answers again.
        is_alone: Whether no other actor of its kind can work now.
        on_silence: Takes its partitions away.

    Returns:
        Why it must be replaced.
    """
    while True:
        asked_s = time.monotonic()
        try:
            health = await _listen(actor, lease_s, is_alone, on_silence)
        except TimeoutError as error:
            return str(error)
        except RayError as error:
            return describe(error)
        actor.health, actor.asked_s, actor.silent = health, asked_s, False
        if health.failure:
            return health.failure
        if health.busy_s > STUCK_S:
            return f"stuck for {health.busy_s:.0f} s"
        await asyncio.sleep(ASK_EVERY_S)


async def _listen(
    actor: ManagedActor, lease_s: float, is_alone: Callable[[], bool], on_silence: Callable[[float], None]
) -> ActorHealth:
    answer = asyncio.ensure_future(_ask(actor))
    silence = Silence(heard=actor.health is not None, ready=actor.is_ready, lease_s=lease_s)
    try:
        while True:
            step_began_s = time.monotonic()
            await asyncio.wait({answer}, timeout=STEP_S)
            if answer.done():
                return answer.result()
            silence.listened(time.monotonic() - step_began_s)
            if silence.is_lease_over and not actor.silent:
                actor.silent = True
                on_silence(silence.silent_s)
            if silence.silent_s >= silence.deadline_s(alone=is_alone()):
                raise TimeoutError(f"no answer for {silence.silent_s:.0f} s")
    finally:
        answer.cancel()


async def _ask(actor: ManagedActor) -> ActorHealth:
    reference: Awaitable[ActorHealth] = actor.handle.health.options(concurrency_group=HEALTH).remote()
    return await reference
