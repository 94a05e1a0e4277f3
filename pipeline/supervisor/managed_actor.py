"""An actor of a topology as the supervisor holds it."""

from dataclasses import dataclass
from typing import Any

from pipeline.messages.health import ActorHealth
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.process_name import ProcessName

HEALTH = "health"
"""Concurrency group of the actors in which `health` runs: no other call can keep it waiting."""


@dataclass(slots=True, eq=False)
class ManagedActor:
    """One actor process.

    Attributes:
        process: Name of this very process.
        handle: Ray's handle.
        started_s: When it was created, or found by a new supervisor; monotonic seconds.
        failure: Why the one before it was replaced; "" for the first.
        short_lives: How many before it, one after the other, ended right after their start.
        health: Its last answer; None before the first, and when it is gone.
        asked_s: When it was asked for that answer, monotonic seconds.
        silent: Its lease is over; it may answer again.
    """

    process: ProcessName
    handle: Any
    started_s: float
    failure: str = ""
    short_lives: int = 0
    health: ActorHealth | None = None
    asked_s: float = 0.0
    silent: bool = False

    @property
    def name(self) -> str:
        """Its role, for example `narrator-0`."""
        return self.process.role

    @property
    def kind(self) -> Kind:
        """What it does."""
        return self.process.kind

    @property
    def is_ready(self) -> bool:
        """It could work when it answered last."""
        return self.health is not None and self.health.ready

    @property
    def is_usable(self) -> bool:
        """It can work now, as far as is known."""
        return self.is_ready and not self.silent
