"""One generation of one partition on its way through a reader: from polled records to answered batches."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.kafka_io.records import Record
from pipeline.messages.health import PartitionStatus
from pipeline.messages.reading import ReadingPlan
from pipeline.messages.records import RecordBatch
from pipeline.reader.credits import Credits
from pipeline.reader.fairness import LaneBounds, Urgency
from pipeline.reader.intake import Intake, PartitionIntake

MAX_BATCH_RECORDS = 256
"""Records of one batch: those without frames have nothing else that would bound it."""

GATHER_S = 0.25
"""Records that may wait are sent with the next one that may not, or after so long: a batch for each of
thousands would cost more than all frames that are narrated."""


@dataclass(frozen=True, slots=True, eq=False)
class OutgoingBatch:
    """A batch with what is needed to send it again.

    Attributes:
        batch: The records.
        frames: Their kept frames uint8 [F, S, S, 3]; None if they have none.
        num_with_frames: Records that have some.
        num_bytes: Bytes that it holds back from the lane's credits.
    """

    batch: RecordBatch
    frames: NDArray[np.uint8] | None
    num_with_frames: int
    num_bytes: int


class ReaderLane:
    """Mutable, not thread-safe.

    Attributes:
        plan: From where the partition is read.
        narrator: Actor handle of the partition's narrator.
        intake: Decides on each record.
        lost_because: Why the partition needs another generation; "" while it is read.
        taken: Offset behind the last record that was decided on.

    Args:
        plan: See above.
        narrator: See above.
        intake: See above.
        credits: Bounds of what is in flight.
    """

    def __init__(self, plan: ReadingPlan, narrator: Any, intake: PartitionIntake, credits: Credits) -> None:
        self.plan = plan
        self.narrator = narrator
        self.intake = intake
        self.lost_because = ""
        self.taken = plan.position
        self._credits = credits
        self._backlog: deque[Record] = deque()
        self._held: Intake | None = None
        self._gathered: list[Intake] = []
        self._gathered_at_s = 0.0
        self._head_ms: int | None = None
        self._urgency = Urgency()
        self._next_offset = plan.position

    @property
    def wants_records(self) -> bool:
        """Records may be polled now: not while polled ones wait."""
        return not (self._backlog or self._held or self.lost_because) and self._credits.are_left

    @property
    def num_in_flight(self) -> int:
        """Records that the narrator has not answered."""
        return self._credits.num_records

    @property
    def is_idle(self) -> bool:
        """Nothing of it waits here or is in flight."""
        return not (self._backlog or self._held or self._credits.num_records or self.lost_because)

    @property
    def is_gathering(self) -> bool:
        """Records that may wait do."""
        return bool(self._gathered)

    def age_s(self, now_s: float) -> float:
        """How long the next record has been in the log; of those that were polled, the last one taken."""
        head_ms = self._backlog[0].timestamp_ms if self._backlog and not self._held else self._head_ms
        return 0.0 if head_ms is None else max(now_s - head_ms / 1000, 0.0)

    def is_behind(self, now_s: float) -> bool:
        """What waits here is to wait for live records of other partitions."""
        return bool(self._backlog or self._held) and self._urgency.is_behind(now_s, self.age_s(now_s))

    def is_live(self, now_s: float) -> bool:
        """It had live records just now."""
        return not self.lost_because and self._urgency.is_live(now_s)

    def offer(self, records: Iterable[Record]) -> None:
        """Take polled records, in their order."""
        for record in records:
            self._backlog.append(record)
            self._next_offset = record.offset + 1

    def next_batch(self, bounds: LaneBounds, now_s: float) -> OutgoingBatch | None:
        """The next batch, in flight from now on; None if there is none or no credit for it.

        Args:
            bounds: Its size, and what may be in flight.
            now_s: Unix time in seconds.
        """
        is_behind = self.is_behind(now_s)
        if not self._gathered:
            self._gathered_at_s = now_s
        self._take(bounds, now_s)
        taken = self._gathered
        may_wait = len(taken) < MAX_BATCH_RECORDS and all(intake.may_wait for intake in taken)
        if may_wait and (not taken or now_s - self._gathered_at_s < GATHER_S):
            return None
        self._gathered = []
        frames = [frame for intake in taken for frame in intake.frames]
        entries = tuple(intake.entry for intake in taken)
        return OutgoingBatch(
            RecordBatch(self.plan.partition, self.plan.generation, entries, is_behind),
            np.stack(frames) if frames else None,
            sum(1 for intake in taken if intake.frames),
            sum(intake.num_bytes for intake in taken),
        )

    def answered(self, outgoing: OutgoingBatch) -> None:
        """The narrator has processed a batch."""
        num_bare = len(outgoing.batch.entries) - outgoing.num_with_frames
        self._credits.give_back(outgoing.num_with_frames, num_bare, outgoing.num_bytes)

    def lose(self, reason: str) -> None:
        """Stop for good: the partition needs another generation."""
        self.lost_because = reason
        self._backlog.clear()
        self._gathered.clear()
        self._held = None

    def status(self) -> PartitionStatus:
        """How far the partition is read."""
        return PartitionStatus(
            self.plan.partition, self.plan.generation, self._next_offset, self._credits.num_records
        )

    def _take(self, bounds: LaneBounds, now_s: float) -> None:
        """Gather what the bounds allow."""
        taken = self._gathered
        num_frames = 0
        while len(taken) < MAX_BATCH_RECORDS and (intake := self._next(now_s)) is not None:
            fits = not num_frames or num_frames + len(intake.frames) <= bounds.max_frames
            if not fits or not self._credits.allows(
                intake.num_bytes, has_frames=bool(intake.frames), max_with_frames=bounds.max_with_frames
            ):
                self._held = intake
                break
            self._credits.take(intake.num_bytes, has_frames=bool(intake.frames))
            taken.append(intake)
            num_frames += len(intake.frames)

    def _next(self, now_s: float) -> Intake | None:
        """The next record that leads to something, decoded; None if there is none.

        Whether it has frames shows only then: one that has to wait for a credit is held, and stays decoded.
        """
        if self._held is not None:
            held, self._held = self._held, None
            return held
        while self._backlog:
            record = self._backlog.popleft()
            self._head_ms = record.timestamp_ms
            self.taken = record.offset + 1
            intake = self.intake.take(record)
            age_s, is_flood = now_s - record.timestamp_ms / 1000, intake is not None and intake.is_flood
            self._urgency = self._urgency.after(now_s, age_s, is_flood=is_flood)
            if intake is not None:
                return intake
        return self.intake.passed()
