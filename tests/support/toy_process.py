"""A reader and a narrator in one process without Ray: real intake, chain, loop and sessions, a toy engine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from random import Random

import numpy as np

from operators.errors import FrameError
from operators.frames.limits import FrameLimits
from operators.narrator.types import FramePosition
from pipeline.kafka_io.records import Record
from pipeline.messages.records import Entry, FramesEntry, PassedEntry, Receipt, RecordBatch
from pipeline.narrator.loop import NarratorLoop
from pipeline.narrator.owned_partition import OwnedPartition
from pipeline.narrator.work import Ticket
from pipeline.reader.intake import PartitionIntake
from tests.support.commit_model import World
from tests.support.toy_engine import SETTINGS, ToyEngine, ToyWanted

BAD_IMAGE = b"bad"
IMAGE = b"image"


def decode_toy_image(data: bytes, content_type: str, size: int, limits: FrameLimits) -> np.ndarray:
    """Stands for the decoder."""
    if data == BAD_IMAGE:
        raise FrameError("bad", code="image-corrupt")
    return np.zeros((1, 1, 3), np.uint8)


def decode_toy_gop(
    data: bytes, content_type: str, size: int, frame_count: int, limits: FrameLimits, *, kept: Collection[int]
) -> list[np.ndarray]:
    """Stands for the decoder."""
    return [decode_toy_image(data, content_type, size, limits) for _ in kept]


class ToyProcess:
    """One process that owns partition 0 of one.

    Args:
        world: What outlives it.
        random: Makes its choices.
        num_slots: Streams that its engine can hold.
        sheds: How likely a frame is left out, where that is not decided yet.
        prompts: Prompts that cameras ask for; another one now and then.
    """

    def __init__(
        self,
        world: World,
        random: Random,
        num_slots: int = 2,
        *,
        sheds: float = 0.0,
        prompts: Sequence[str] = (),
    ) -> None:
        self.world = world
        self.random = random
        self.session = world.take_over()
        self.owned = OwnedPartition(self.session)
        self.engine = ToyEngine(random, num_slots)
        self.wanted = ToyWanted()
        self.sheds = sheds
        self.prompts = prompts
        self.loop = NarratorLoop(self.engine, num_slots, self.wanted)  # type: ignore[arg-type]
        self.loop.adopt(self.owned)
        self.intake = PartitionIntake(self.owned.plan(1), 1, FrameLimits())
        self.receipts: list[Receipt] = []
        self.num_batches = 0

    def run(self) -> None:
        """Read everything; batches arrive in any order, some twice; commits come at any moment."""
        position = self.session.recovery.position
        batches = self._batches([r for r in self.world.broker.frames if r.offset >= position])
        self.num_batches = len(batches)
        while batches:
            # Never more than four in flight, as with credits.
            index = self.random.randrange(min(4, len(batches)))
            batch = batches[index]
            if self.random.random() < 0.9:
                del batches[index]
            else:
                self.num_batches += 1
            self.owned.deliver(batch)
            self._maybe_commit()
            features = np.zeros((batch.num_frames, 1, 1), np.float32)
            self.loop.receive(self.owned, batch, features, Ticket(len(batch.entries), self.receipts.append))
            while self.loop.has_work and self.random.random() < 0.8:
                self._step()
            self._maybe_commit()
        while self.loop.has_work:
            self._step()

    def finish(self) -> None:
        """What a drain does; the store may be down for a while."""
        for _ in range(10):
            self.loop.snapshot_all()
            self.session.commit()
            self.world.clock.now_s += 100.0

    def _step(self) -> None:
        if self.prompts and self.random.random() < 0.3:
            prompt = self.random.choice(self.prompts)
            self.wanted.by_stream[self.random.choice("abc")] = replace(SETTINGS, prompt=prompt)
        self.loop.step()
        self._maybe_commit()
        self.world.clock.now_s += self.random.choice([0.1, 1.0, 20.0])

    def _maybe_commit(self) -> None:
        if self.random.random() < 0.3:
            self.session.commit()

    def _batches(self, records: list[Record]) -> list[RecordBatch]:
        taken = [*(self.intake.take(record) for record in records), self.intake.passed()]
        entries = [self._shed(intake.entry) for intake in taken if intake is not None]
        batches = []
        while entries:
            size = self.random.randint(1, 3)
            batches.append(RecordBatch(0, self.session.identity.generation, tuple(entries[:size])))
            del entries[:size]
        return batches

    def _shed(self, entry: Entry | PassedEntry) -> Entry | PassedEntry:
        """Leave frames out as a reader does: what is decided is repeated, the rest is free."""
        if not isinstance(entry, FramesEntry) or not self.sheds:
            return entry
        start = self.owned.plan(1).streams.get(entry.stream)

        def is_kept(index: int) -> bool:
            position = FramePosition(entry.link.offset, index)
            if start is not None and position <= start.decided_through:
                return not any(frames.first <= position <= frames.last for frames in start.left_out)
            return self.random.random() >= self.sheds

        return replace(entry, kept=tuple(i for i in entry.kept if is_kept(i)))
