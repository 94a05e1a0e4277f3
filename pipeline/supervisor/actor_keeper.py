"""Keeps the actors of a run alive: starts or finds them, watches them, replaces those that end."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from pipeline.supervisor.actor_factory import ActorFactory, kill
from pipeline.supervisor.background import Background
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.managed_actor import ManagedActor
from pipeline.supervisor.process_name import ProcessName
from pipeline.supervisor.watch import watch

_log = logging.getLogger(__name__)

SHORT_LIFE_S = 15.0
"""A process that ends sooner may do so again."""

MAX_RESTART_PAUSE_S = 15.0
"""An actor that dies at once, again and again, is not started more often than this."""

CREATE_AGAIN_S = 2.0
"""Ray refused to start a process: its own control plane may be overloaded."""

POLL_S = 0.05


class ActorKeeper:
    """All actors of a run by their roles. Lives in an event loop.

    Args:
        factory: Makes and finds the actors.
        background: Where the watching goes on.
        lease_s: An actor that is silent for longer loses its partitions.
        on_gone: Told when an actor is silent, or dead, and why.
    """

    def __init__(
        self,
        factory: ActorFactory,
        background: Background,
        lease_s: float,
        on_gone: Callable[[ManagedActor, str], None],
    ) -> None:
        self._factory = factory
        self._background = background
        self._lease_s = lease_s
        self._on_gone = on_gone
        self._actors: dict[str, ManagedActor] = {}

    async def start(self) -> bool:
        """Go on with the actors that a former supervisor left, and start those that are missing.

        Returns:
            Whether there were any. Then those that can answer within the lease have done so.
        """
        found = self._factory.find()
        for role in self._factory.roles:
            process, handle = found.get(role) or self._factory.create(role, restarts=0, polite=bool(found))
            self._keep(process, handle)
        attached = [self._actors[role] for role in found]
        for actor in attached:
            _log.info("attached to %s", actor.process)
        deadline_s = time.monotonic() + self._lease_s
        while any(actor.health is None for actor in attached) and time.monotonic() < deadline_s:
            await asyncio.sleep(POLL_S)
        return bool(found)

    @property
    def all(self) -> list[ManagedActor]:
        """All actors."""
        return list(self._actors.values())

    def of(self, kind: Kind) -> list[ManagedActor]:
        """All actors of a kind."""
        return [actor for actor in self.all if actor.kind is kind]

    def get(self, name: str) -> ManagedActor | None:
        """The actor that has a role now."""
        return self._actors.get(name)

    def usable(self, kind: Kind) -> list[str]:
        """Names of the actors that can work now."""
        return [actor.name for actor in self.of(kind) if actor.is_usable]

    def candidates(self, kind: Kind) -> list[str]:
        """Names of those that may get partitions: if none is ready, those that still load their model."""
        answering = (actor.name for actor in self.of(kind) if actor.health is not None and not actor.silent)
        return self.usable(kind) or list(answering)

    def kill_all(self) -> None:
        """End all processes."""
        for actor in self.all:
            kill(actor.handle)

    def _keep(self, process: ProcessName, handle: Any, failure: str = "", short_lives: int = 0) -> None:
        actor = ManagedActor(process, handle, time.monotonic(), failure, short_lives)
        self._actors[actor.name] = actor
        self._background.start(self._look_after(actor))

    async def _look_after(self, actor: ManagedActor) -> None:
        """Watch one process until it ends; then start another one in its place."""
        try:
            reason = await watch(
                actor,
                self._lease_s,
                is_alone=lambda: not set(self.usable(actor.kind)) - {actor.name},
                on_silence=lambda silent_s: self._lease_over(actor, silent_s),
            )
        except Exception as error:
            # For example an answer that can't be read: better another process than none that is watched.
            _log.exception("watching %s failed", actor.process)
            reason = f"{error!r}"
        lived_s = time.monotonic() - actor.started_s
        _log.warning("%s is gone after %.0f s: %s", actor.process, lived_s, reason)
        actor.health = None
        self._on_gone(actor, f"{actor.name} is gone: {reason}")
        kill(actor.handle)
        short_lives = actor.short_lives + 1 if lived_s < SHORT_LIFE_S else 0
        if short_lives > 1:
            await asyncio.sleep(min(2.0 ** (short_lives - 1), MAX_RESTART_PAUSE_S))
        process, handle = await self._create_anew(actor)
        self._keep(process, handle, failure=reason, short_lives=short_lives)

    async def _create_anew(self, actor: ManagedActor) -> tuple[ProcessName, Any]:
        while True:
            polite = bool(self.usable(actor.kind))
            try:
                return self._factory.create(actor.name, actor.process.restarts + 1, polite=polite)
            except Exception:
                _log.exception("%s can't be started now", actor.name)
                await asyncio.sleep(CREATE_AGAIN_S)

    def _lease_over(self, actor: ManagedActor, silent_s: float) -> None:
        _log.warning("%s has not answered for %.1f s", actor.process, silent_s)
        self._on_gone(actor, f"{actor.name} did not answer for {silent_s:.0f} s")
