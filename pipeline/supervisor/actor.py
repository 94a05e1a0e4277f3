"""The supervisor: starts the actors, watches them, and gives every partition an owner."""

import asyncio
import logging
import os
import time
from collections.abc import Awaitable

from ray.exceptions import RayError

from pipeline.cluster.actor_logging import log_as
from pipeline.cluster.remote_errors import describe
from pipeline.config import Settings
from pipeline.errors import HigherGenerationError
from pipeline.messages.status import RunIdentity, RunStatus
from pipeline.supervisor import assignment
from pipeline.supervisor.assignment import Ownership, Phase
from pipeline.supervisor.draining import drain
from pipeline.supervisor.managed_actor import ActorFactory, Kind, ManagedActor, kill, kill_leftovers
from pipeline.supervisor.run_status import actor_status, ownership_status
from pipeline.supervisor.watch import watch

_log = logging.getLogger(__name__)

ROUND_S = 0.2
"""Time between two looks at what was lost and what is unowned."""

REBALANCE_EVERY_S = 5.0
"""Partitions move one by one: each move replays what its streams did since their last snapshots."""

RETRY_S = 1.0
"""A partition whose takeover or commit failed waits for this long."""

ASSIGN_DEADLINE_S = 40.0
"""Time for a reader to take a partition: longer than it gives its own loop."""

MAX_RESTART_PAUSE_S = 15.0
"""An actor that dies at once, again and again, is not started more often than this."""


class Supervisor:
    """Runs as a named, detached asyncio actor. If its process dies, Ray starts it again: it begins anew.

    Args:
        settings: All settings.
        identity: What the topology was started from.
    """

    def __init__(self, settings: Settings, identity: RunIdentity) -> None:
        log_as("supervisor")
        self._settings = settings
        self._identity = identity
        self._factory = ActorFactory(settings)
        kill_leftovers(settings)
        self._actors = {name: self._create(kind, name) for kind, name in self._factory.roles}
        self._table = assignment.new_table(settings.kafka.partitions)
        self._retry_at_s: dict[int, float] = {}
        self._rebalance_at_s = 0.0
        self._encoders_told: dict[str, frozenset[str]] = {}
        self._tasks = {asyncio.get_running_loop().create_task(self._run())}

    async def identity(self) -> RunIdentity:
        """What the topology was started from."""
        return self._identity

    async def status(self) -> RunStatus:
        """What runs, who owns what, how far the streams are."""
        actors = list(self._actors.values())
        return RunStatus(
            identity=self._identity,
            supervisor_pid=os.getpid(),
            ready=all(a.is_ready for a in actors) and all(row.phase is Phase.OWNED for row in self._table),
            actors=tuple(actor_status(actor) for actor in actors),
            partitions=tuple(ownership_status(row, self._actors) for row in self._table),
            streams=tuple(stream for actor in actors if actor.health for stream in actor.health.streams),
        )

    async def stop(self, deadline_s: float) -> str:
        """Drain the topology and kill its actors.

        Nothing more is read; what was read is narrated; all states are written down and committed.

        Returns:
            What was left undone (it will be done again by the next start); "" if nothing was.
        """
        for task in self._tasks:
            task.cancel()
        undone = await drain(self._of(Kind.READER), self._of(Kind.NARRATOR), deadline_s)
        for actor in self._actors.values():
            kill(actor.handle)
        return undone

    async def _run(self) -> None:
        for actor in self._actors.values():
            self._spawn(self._watch(actor))
        while True:
            try:
                self._round()
            except Exception:
                # A topology without its supervisor's rounds would never recover from anything.
                _log.exception("a round of the supervisor failed")
            await asyncio.sleep(ROUND_S)

    def _round(self) -> None:
        """Take note of what the actors lost, tell readers about encoders, and assign what is unowned."""
        for actor in self._actors.values():
            for gone in actor.health.lost if actor.health else ():
                self._lose(gone.partition, gone.generation, f"{actor.name}: {gone.reason}")
        self._tell_encoders()
        now_s = time.monotonic()
        if now_s >= self._rebalance_at_s:
            self._rebalance_at_s = now_s + REBALANCE_EVERY_S
            self._rebalance()
        due = {row.partition for row in self._table if self._retry_at_s.get(row.partition, 0.0) <= now_s}
        before, narrators, readers = self._table, self._answering(Kind.NARRATOR), self._answering(Kind.READER)
        self._table = assignment.assign(before, due, narrators, readers)
        for old, new in zip(before, self._table, strict=True):
            if new is not old:
                self._spawn(self._take_over(new))

    def _rebalance(self) -> None:
        before = self._table
        ready = {kind: [a.name for a in self._of(kind) if a.is_ready] for kind in Kind}
        self._table = assignment.rebalance(before, ready[Kind.NARRATOR], ready[Kind.READER])
        for old, new in zip(before, self._table, strict=True):
            if new is not old:
                _log.info("partition %d moves: %s", old.partition, new.reason)
                for name in (old.narrator, old.reader):
                    self._actors[name].handle.release.remote(old.partition, old.generation)

    async def _take_over(self, row: Ownership) -> None:
        partition, generation = row.partition, row.generation
        narrator, reader = self._actors[row.narrator].handle, self._actors[row.reader].handle
        deadline_s = 2 * self._settings.commit.takeover_deadline_s
        try:
            plan = await asyncio.wait_for(narrator.take_over.remote(partition, generation), deadline_s)
            await asyncio.wait_for(reader.assign.remote(plan, narrator), ASSIGN_DEADLINE_S)
        except HigherGenerationError as error:
            _log.info("partition %d: generation %d is in the log", partition, error.found)
            self._table = assignment.outpaced(self._table, partition, error.found, "an earlier run's")
        except (RayError, TimeoutError) as error:
            self._lose(partition, generation, f"takeover failed: {describe(error)}")
        else:
            self._table = assignment.taken_over(self._table, partition, generation)
            _log.info(
                "partition %d generation %d: %s, read by %s", partition, generation, row.narrator, row.reader
            )

    async def _watch(self, actor: ManagedActor) -> None:
        """Look after one process until it ends; then start another one in its place."""
        reason = await watch(actor)
        lived_s = time.monotonic() - actor.started_s
        _log.warning("%s (%s) is gone after %.0f s: %s", actor.name, actor.process_name, lived_s, reason)
        kill(actor.handle)
        actor.health = None
        self._table = assignment.actor_lost(self._table, actor.name, f"{actor.name} is gone: {reason}")
        if lived_s < MAX_RESTART_PAUSE_S:
            await asyncio.sleep(min(2.0**actor.restarts - 1.0, MAX_RESTART_PAUSE_S))
        replacement = self._create(actor.kind, actor.name)
        replacement.restarts, replacement.failure = actor.restarts + 1, reason
        self._actors[actor.name] = replacement
        self._spawn(self._watch(replacement))

    def _lose(self, partition: int, generation: int, reason: str) -> None:
        before = self._table
        self._table = assignment.lost(before, partition, generation, reason)
        if self._table != before:
            self._retry_at_s[partition] = time.monotonic() + RETRY_S
            _log.warning("partition %d generation %d: %s", partition, generation, reason)

    def _tell_encoders(self) -> None:
        """Tell every reader which encoders are ready, when that has changed."""
        encoders = {a.process_name: a.handle for a in self._of(Kind.ENCODER) if a.is_ready}
        for reader in self._of(Kind.READER):
            told = self._encoders_told.get(reader.process_name, frozenset())
            if reader.is_ready and told != encoders.keys():
                self._encoders_told[reader.process_name] = frozenset(encoders)
                # If the call fails, so does the reader's health.
                reader.handle.set_encoders.remote(encoders)

    def _create(self, kind: Kind, name: str) -> ManagedActor:
        process_name, handle = self._factory.create(kind, name)
        return ManagedActor(kind, name, process_name, handle, started_s=time.monotonic())

    def _of(self, kind: Kind) -> list[ManagedActor]:
        return [actor for actor in self._actors.values() if actor.kind is kind]

    def _answering(self, kind: Kind) -> list[str]:
        """Names of the actors that can take partitions; a narrator may still be loading its model."""
        return [
            actor.name
            for actor in self._of(kind)
            if actor.health is not None and (actor.is_ready or kind is Kind.NARRATOR)
        ]

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        # A reference, because the event loop keeps none.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
