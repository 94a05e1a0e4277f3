"""The supervisor: starts the actors, watches them, and gives every partition an owner."""

import asyncio
import logging
import os

from pipeline.cameras.follower import CameraFollower
from pipeline.cluster.actor_process import set_up_process
from pipeline.config import Settings
from pipeline.messages.status import MoveReply, RunIdentity, RunStatus
from pipeline.supervisor.actor_factory import ActorFactory
from pipeline.supervisor.actor_keeper import ActorKeeper
from pipeline.supervisor.announcer import Announcer
from pipeline.supervisor.background import Background
from pipeline.supervisor.camera_feed import CameraFeed
from pipeline.supervisor.draining import drain
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.managed_actor import ManagedActor
from pipeline.supervisor.ownership_keeper import OwnershipKeeper
from pipeline.supervisor.run_status import actor_status, dependencies

_log = logging.getLogger(__name__)

ROUND_S = 0.1
"""Time between two looks at what was lost and what is unowned."""


class Supervisor:
    """Runs as a named, detached asyncio actor.

    If its process dies, Ray starts it again: it goes on with the actors that it finds, which never stopped.

    Args:
        settings: All settings.
        identity: What the topology was started from.
    """

    def __init__(self, settings: Settings, identity: RunIdentity) -> None:
        set_up_process("supervisor")
        self._identity = identity
        self._background = Background()
        self._actors = ActorKeeper(
            ActorFactory(settings, identity),
            self._background,
            settings.live.lease_s,
            self._actor_gone,
        )
        self._ownership = OwnershipKeeper(settings, self._actors, self._background)
        self._announcer = Announcer(self._actors, CameraFeed(CameraFollower(settings)), self._background)
        self._background.start(self._run())

    async def identity(self) -> RunIdentity:
        """What the topology was started from."""
        return self._identity

    async def status(self) -> RunStatus:
        """What runs, who owns what, how far the streams are."""
        actors = self._actors.all
        all_ready = bool(actors) and all(actor.is_usable for actor in actors)
        return RunStatus(
            identity=self._identity,
            supervisor_pid=os.getpid(),
            ready=all_ready and self._ownership.is_complete,
            waiting=self._ownership.waiting,
            actors=tuple(actor_status(actor) for actor in actors),
            partitions=self._ownership.statuses(),
            streams=tuple(stream for actor in actors if actor.health for stream in actor.health.streams),
            dependencies=dependencies(actors),
        )

    async def move(self, partition: int, narrator: str) -> MoveReply:
        """Let a partition move to a narrator; returns at once, `status` tells when it is owned there."""
        return self._ownership.move(partition, narrator)

    async def stop(self, deadline_s: float) -> str:
        """Drain the topology and kill its actors.

        Nothing more is read; what was read is narrated; all states are written down and committed.

        Returns:
            What was left undone (it will be done again by the next start); "" if nothing was.
        """
        self._background.cancel()
        undone = await drain(self._actors.of(Kind.READER), self._actors.of(Kind.NARRATOR), deadline_s)
        self._actors.kill_all()
        return undone

    def _actor_gone(self, actor: ManagedActor, reason: str) -> None:
        self._ownership.actor_gone(actor, reason)

    async def _run(self) -> None:
        if await self._actors.start():
            self._ownership.attach()
        while True:
            try:
                self._announcer.round()
                self._ownership.round(may_assign=self._announcer.may_assign)
                self._announcer.refuse_documents(*self._ownership.owner_of(0))
            except Exception:
                # A topology without its supervisor's rounds would never recover from anything.
                _log.exception("a round of the supervisor failed")
            await asyncio.sleep(ROUND_S)
