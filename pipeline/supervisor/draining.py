"""Draining a topology: readers first, so that narrators have all that was read."""

import asyncio
from collections.abc import Sequence
from typing import Any

from ray.exceptions import RayError

from pipeline.cluster.remote_errors import describe
from pipeline.supervisor.managed_actor import ManagedActor

ANSWER_MARGIN_S = 5.0
"""An actor keeps the deadline itself; this is for its answer."""


async def drain(readers: Sequence[ManagedActor], narrators: Sequence[ManagedActor], deadline_s: float) -> str:
    """Let readers, then narrators, finish what they have; returns what was left undone, "" if nothing was."""
    unanswered = await _drain_all(readers, deadline_s, "records unanswered")
    uncommitted = await _drain_all(narrators, deadline_s, "partitions uncommitted")
    return ", ".join(unanswered + uncommitted)


async def _drain_all(actors: Sequence[ManagedActor], deadline_s: float, what: str) -> list[str]:
    drains = [actor.handle.drain.remote(deadline_s) for actor in actors]
    answers = await asyncio.gather(*(_answer(drain, deadline_s + ANSWER_MARGIN_S) for drain in drains))
    return [f"{left} {what}" if isinstance(left, int) else left for left in answers if left]


async def _answer(reference: Any, deadline_s: float) -> int | str:
    try:
        left: int = await asyncio.wait_for(reference, deadline_s)
    except (RayError, TimeoutError) as error:
        return describe(error)
    return left
