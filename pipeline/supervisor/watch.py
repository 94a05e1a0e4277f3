"""Watching one actor: how the supervisor knows that a process is dead, stuck or broken."""

import asyncio

from ray.exceptions import RayError

from pipeline.cluster.remote_errors import describe
from pipeline.messages.health import ActorHealth
from pipeline.supervisor.managed_actor import ManagedActor

ASK_EVERY_S = 0.5
"""Time between two questions; the death of a process answers the open one at once."""

START_DEADLINE_S = 180.0
"""Time for a process to start and give its first answer, on a busy machine."""

ANSWER_DEADLINE_S = 20.0
"""Time for any later answer: the event loop does nothing that takes long."""

STUCK_S = 120.0
"""A single step (a batch, a long group of pictures) that takes longer than this will not end any more."""


async def watch(actor: ManagedActor) -> str:
    """Ask an actor how it is again and again, and keep its answers; returns why it must be replaced."""
    while True:
        deadline_s = START_DEADLINE_S if actor.health is None else ANSWER_DEADLINE_S
        try:
            health: ActorHealth = await asyncio.wait_for(actor.handle.health.remote(), deadline_s)
        except TimeoutError:
            return f"no answer within {deadline_s:g} s"
        except RayError as error:
            return describe(error)
        actor.health = health
        if health.failure:
            return health.failure
        if health.busy_s > STUCK_S:
            return f"stuck for {health.busy_s:.0f} s"
        await asyncio.sleep(ASK_EVERY_S)
