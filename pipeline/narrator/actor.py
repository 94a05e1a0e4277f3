"""The narrator actor: features in, narrations committed.

One thread steps the engine for all partitions, and one thread for each partition commits.
"""

import asyncio
import logging
import os
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ray.exceptions import RayError

from pipeline.cluster.actor_process import set_up_process
from pipeline.cluster.remote_errors import describe
from pipeline.config import Settings
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.group_offsets import GroupOffsetReporter
from pipeline.kafka_io.watch import BrokerWatch
from pipeline.messages.camera import CameraBook
from pipeline.messages.dead_letter import DeadLetter
from pipeline.messages.health import ActorHealth, LostPartition, PartitionStatus
from pipeline.messages.reading import ReadingPlan
from pipeline.messages.records import Receipt, RecordBatch
from pipeline.narrator.committer import Committer
from pipeline.narrator.engine_thread import EngineThread
from pipeline.narrator.owned_partition import OwnedPartition
from pipeline.narrator.session_opener import SessionOpener
from pipeline.narrator.work import Ticket
from pipeline.wire.topics import TopicNames

_log = logging.getLogger(__name__)


class Narrator:
    """Runs as an asyncio actor.

    Args:
        settings: All settings.
        name: Name of the narrator, written into the checkpoints for people.
        num_threads: Threads of torch.
        polite: The model is loaded at low priority: others narrate meanwhile.
    """

    def __init__(self, settings: Settings, name: str, num_threads: int, polite: bool = False) -> None:
        set_up_process(name)
        self._settings = settings
        self._engine = EngineThread(settings, num_threads, polite=polite)
        self._broker = BrokerWatch(settings.kafka)
        self._lag = GroupOffsetReporter(
            connection_kwargs(settings.kafka),
            group=settings.kafka.namespace,
            topic=TopicNames.of(settings.kafka.prefix).frames,
        )
        self._opener = SessionOpener(settings, name, self._lag.report)
        self._owned: dict[int, OwnedPartition] = {}
        self._committers: dict[int, Committer] = {}
        self._takeover_locks: dict[int, asyncio.Lock] = {}

    async def take_over(self, partition: int, generation: int) -> ReadingPlan:
        """Become the owner of a partition; an older session of it in this process ends at once.

        Raises:
            HigherGenerationError: Another owner has a higher generation.
            PipelineError: The takeover failed; it may be tried again with a new generation.
        """
        async with self._takeover_locks.setdefault(partition, asyncio.Lock()):
            if (old := self._owned.get(partition)) is not None:
                old.lose(f"generation {generation} takes over")
                self._lag.forget(partition)
            config = await asyncio.to_thread(self._opener.read_config)
            session = await asyncio.to_thread(self._opener.open, partition, generation)
            owned = OwnedPartition(session)
            self._engine.put(lambda loop: loop.adopt(owned))
            self._owned[partition] = owned
            self._committers[partition] = Committer(owned, self._settings.commit.interval_ms / 1000)
            _log.info(
                "%s offset %d: taken over with generation %d, %d streams",
                owned.where,
                session.recovery.position,
                generation,
                len(session.recovery.streams),
            )
            return owned.plan(config.vision.image_size, self._settings.narrator.fps or config.fps)

    async def release(self, partition: int, generation: int) -> None:
        """Give a generation of a partition up; nothing happens if a newer one is held."""
        owned = self._owned.get(partition)
        if owned is not None and owned.generation == generation:
            owned.lose("released")
            self._lag.forget(partition)

    async def hand_over(self, partition: int, generation: int) -> None:
        """Give a partition up for another narrator: all states are written down, so that it replays nothing.

        Returns when the last commit is done or has failed; what is not committed is made again. Nothing
        happens if this generation is not held.
        """
        owned = self._owned.get(partition)
        if owned is None or owned.generation != generation or owned.lost_because:
            return
        deadline_s = self._settings.commit.commit_deadline_s
        if self._engine.ready:
            done = self._engine.put(lambda loop: loop.hand_over(owned))
            await asyncio.wait([asyncio.wrap_future(done)], timeout=deadline_s)
        await asyncio.to_thread(self._committers[partition].stop, deadline_s)
        if not owned.lost_because:
            owned.lose("handed over")
        self._lag.forget(partition)

    async def set_cameras(self, book: CameraBook) -> None:
        """Use these documents of the cameras: each stream from its next segment on."""
        self._engine.put(lambda loop: loop.set_cameras(book))

    async def refuse_cameras(self, letters: tuple[DeadLetter, ...]) -> bool:
        """Put refused documents of the topic of cameras into the dlq.

        Returns:
            False if partition 0, with which they commit, is not held; then nothing happened.
        """
        owned = self._owned.get(0)
        if owned is None or owned.lost_because or owned.is_retired:
            return False
        for letter in letters:
            owned.session.camera_refused(letter)
        return True

    async def caught_up(self, partition: int, generation: int) -> None:
        """The reader has read a partition to its end, and everything was answered."""
        owned = self._owned.get(partition)
        if owned is not None and owned.generation == generation:
            owned.caught_up_s = time.monotonic()

    async def accept(self, batch: RecordBatch, features: list[Any]) -> Receipt:
        """Narrate the records of a batch; returns when they are processed (not: committed).

        Args:
            batch: The records.
            features: Reference to the features of their frames float32 [F, N, D]; empty if they have none.
        """
        owned = self._owned.get(batch.partition)
        if owned is None or owned.generation != batch.generation or owned.lost_because or owned.is_retired:
            return Receipt.NOT_OWNED
        owned.deliver(batch)
        encoded: NDArray[np.float32] | None = None
        if features:
            try:
                encoded = await features[0]
            except RayError as error:
                first_offset = batch.entries[0].link.offset
                _log.warning("%s offset %d: no features: %s", owned.where, first_offset, describe(error))
                return Receipt.FEATURES_LOST
        event_loop = asyncio.get_running_loop()
        answer: asyncio.Future[Receipt] = event_loop.create_future()

        def resolve(receipt: Receipt) -> None:
            event_loop.call_soon_threadsafe(_resolve, answer, receipt)

        ticket = Ticket(len(batch.entries), resolve)
        self._engine.put(lambda loop: loop.receive(owned, batch, encoded, ticket))
        return await answer

    async def drain(self, deadline_s: float) -> int:
        """Write every stream's state down, commit, and give all partitions up.

        Returns:
            Partitions that were lost meanwhile: what they had not committed is made again.
        """
        deadline = time.monotonic() + deadline_s
        owned_now = [owned for owned in self._owned.values() if not owned.lost_because]
        done = self._engine.put(lambda loop: loop.snapshot_all())
        await asyncio.wait([asyncio.wrap_future(done)], timeout=deadline_s)
        left_s = max(0.0, deadline - time.monotonic())
        await asyncio.gather(
            *(asyncio.to_thread(committer.stop, left_s) for committer in self._committers.values())
        )
        return sum(1 for owned in owned_now if owned.lost_because)

    async def health(self) -> ActorHealth:
        """Say how the narrator is."""
        all_owned = list(self._owned.values())
        held = [owned for owned in all_owned if not owned.lost_because]
        return ActorHealth(
            pid=os.getpid(),
            ready=self._engine.ready,
            busy_s=self._engine.busy_s,
            failure=self._engine.failure,
            lost=tuple(
                LostPartition(owned.partition, owned.generation, owned.lost_because)
                for owned in all_owned
                if owned.lost_because and not owned.is_retired
            ),
            partitions=tuple(
                PartitionStatus(o.partition, o.generation, o.committed_position, o.num_waiting) for o in held
            ),
            dependencies=tuple(x.dependency() for x in (self._broker, self._opener.store) if x is not None),
            streams=tuple(
                stream.status() for owned in held for stream in list(owned.streams.values()) if stream.name
            ),
        )


def _resolve(answer: "asyncio.Future[Receipt]", receipt: Receipt) -> None:
    # The caller may have gone meanwhile.
    if not answer.done():
        answer.set_result(receipt)
