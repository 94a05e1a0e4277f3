"""One generation of one partition on its way through a reader: from polled records to answered batches."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.kafka_io.records import Record
from pipeline.messages.health import PartitionStatus
from pipeline.messages.reading import ReadingPlan
from pipeline.messages.records import RecordBatch
from pipeline.reader.credits import Credits
from pipeline.reader.intake import Intake, PartitionIntake

MAX_BATCH_RECORDS = 256
"""Records of one batch: dead letters have no frames that would bound it."""


@dataclass(frozen=True, slots=True, eq=False)
class OutgoingBatch:
    """A batch with what is needed to send it again.

    Attributes:
        batch: The records.
        frames: Their frames uint8 [F, S, S, 3]; None if they have none.
        num_bytes: Bytes that it holds back from the lane's credits.
    """

    batch: RecordBatch
    frames: NDArray[np.uint8] | None
    num_bytes: int


class ReaderLane:
    """Mutable, not thread-safe.

    Args:
        plan: From where the partition is read.
        narrator: Actor handle of the partition's narrator.
        intake: Decides on each record.
        credits: Bounds of what is in flight.
        max_frames: Frames of one batch, unless a single record has more.
    """

    def __init__(
        self, plan: ReadingPlan, narrator: Any, intake: PartitionIntake, credits: Credits, max_frames: int
    ) -> None:
        self.plan = plan
        self.narrator = narrator
        self.lost_because = ""
        self._intake = intake
        self._credits = credits
        self._max_frames = max_frames
        self._backlog: deque[Record] = deque()
        self._held: Intake | None = None
        self._next_offset = plan.position

    @property
    def num_free(self) -> int:
        """Records that may be polled now: none while polled ones wait for credits."""
        return 0 if self._backlog or self._held or self.lost_because else self._credits.num_free

    @property
    def num_in_flight(self) -> int:
        """Records that the narrator has not answered."""
        return self._credits.num_records

    def offer(self, records: Iterable[Record]) -> None:
        """Take polled records, in their order."""
        for record in records:
            self._backlog.append(record)
            self._next_offset = record.offset + 1

    def batches(self) -> Iterator[OutgoingBatch]:
        """Batches of what the credits allow; they count as in flight from now on."""
        while taken := self._take():
            frames = [frame for intake in taken for frame in intake.frames]
            entries = tuple(intake.entry for intake in taken)
            yield OutgoingBatch(
                RecordBatch(self.plan.partition, self.plan.generation, entries),
                np.stack(frames) if frames else None,
                sum(intake.num_bytes for intake in taken),
            )

    def answered(self, outgoing: OutgoingBatch) -> None:
        """The narrator has processed a batch."""
        self._credits.give_back(len(outgoing.batch.entries), outgoing.num_bytes)

    def lose(self, reason: str) -> None:
        """Stop for good: the partition needs another generation."""
        self.lost_because = reason
        self._backlog.clear()
        self._held = None

    def status(self) -> PartitionStatus:
        """How far the partition is read."""
        return PartitionStatus(
            self.plan.partition, self.plan.generation, self._next_offset, self._credits.num_records
        )

    def _take(self) -> list[Intake]:
        taken: list[Intake] = []
        num_frames = 0
        while len(taken) < MAX_BATCH_RECORDS and (intake := self._next()) is not None:
            fits = not taken or num_frames + len(intake.frames) <= self._max_frames
            if not fits or not self._credits.allows(intake.num_bytes):
                self._held = intake
                break
            self._credits.take(intake.num_bytes)
            taken.append(intake)
            num_frames += len(intake.frames)
        return taken

    def _next(self) -> Intake | None:
        """The next record that leads to something, decoded; None if there is none or no credit for it."""
        if self._held is not None:
            held, self._held = self._held, None
            return held
        while self._backlog and self._credits.num_free:
            intake = self._intake.take(self._backlog.popleft())
            if intake is not None:
                return intake
        return None
