"""The calls to narrators and readers with which a partition changes hands."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any

from pipeline.cluster.remote_errors import describe
from pipeline.messages.reading import ReadingPlan

_log = logging.getLogger(__name__)

ASSIGN_DEADLINE_S = 40.0
"""Time for a reader to take a partition: longer than it gives its own loop."""

RELEASE_DEADLINE_S = 5.0
"""Time for a reader to stop reading, which only spares the narrator some records."""

HAND_OVER_DEADLINE_S = 15.0
"""Time for a narrator to write all states of a partition down; without that, the next owner repeats more."""


async def take_over(partition: int, generation: int, narrator: Any, reader: Any, deadline_s: float) -> None:
    """Let a narrator own a partition, then let a reader read it for that narrator.

    Args:
        partition: Partition number.
        generation: Higher than all before.
        narrator: Handle of the narrator.
        reader: Handle of the reader.
        deadline_s: Time for the narrator.

    Raises:
        Exception: It failed, or its outcome is unknown; a higher generation makes it good.
    """
    plan: ReadingPlan = await asyncio.wait_for(narrator.take_over.remote(partition, generation), deadline_s)
    await asyncio.wait_for(reader.assign.remote(plan, narrator), ASSIGN_DEADLINE_S)


async def hand_over(partition: int, generation: int, narrator: Any, reader: Any | None) -> None:
    """Let nobody read a partition, then let its narrator write everything down and give it up.

    What fails here costs only time: the takeover that follows reads what is true.

    Args:
        partition: Partition number.
        generation: The generation that ends.
        narrator: Handle of the narrator.
        reader: Handle of the reader; None if it is gone.
    """
    if reader is not None:
        await _try(reader.release.remote(partition, generation), RELEASE_DEADLINE_S, partition)
    await _try(narrator.hand_over.remote(partition, generation), HAND_OVER_DEADLINE_S, partition)


async def _try(call: Awaitable[None], deadline_s: float, partition: int) -> None:
    try:
        await asyncio.wait_for(call, deadline_s)
    except Exception as error:
        _log.warning("partition %d: not handed over cleanly: %s", partition, describe(error))
