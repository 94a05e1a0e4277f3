"""Partitions that share a reader, a slow encoder and a slow narrator: who waits for whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.encoder.schedule import EncoderSchedule, Piece
from pipeline.messages.reading import ReadingPlan
from pipeline.reader.credits import Credits
from pipeline.reader.fairness import LaneBounds
from pipeline.reader.intake import Intake
from pipeline.reader.lane import OutgoingBatch, ReaderLane
from pipeline.reader.turns import take_batches

TICK_S = 0.005
FRAME_S = 0.02
BATCH = 8


class OneFrameEach:
    """Record n is one frame; the ones that `floods` names came too fast."""

    def __init__(self, floods: Callable[[int], bool]) -> None:
        self.floods = floods

    def take(self, record: Any) -> Intake:
        return Intake(record, (np.zeros((1, 1, 3), np.uint8),), 3, self.floods(record.offset))

    def passed(self) -> None:
        """Nothing was dealt with before."""


@dataclass
class Partition:
    """Its log: (offset, append time in seconds), and how late each record was answered."""

    lane: ReaderLane
    log: list[tuple[int, float]]
    latencies_s: list[float] = field(default_factory=list)


@dataclass
class Simulation:
    """One encoder of 50 frames a second; what is encoded is answered."""

    partitions: list[Partition]
    schedule: EncoderSchedule[OutgoingBatch] = field(default_factory=lambda: EncoderSchedule(BATCH))
    now_s: float = 1000.0

    def run(self, seconds: float) -> None:
        self.schedule.took(1, FRAME_S)
        sent: dict[OutgoingBatch, Partition] = {}
        encoding: list[Piece[OutgoingBatch]] = []
        done_at_s = 0.0
        for _ in range(round(seconds / TICK_S)):
            self.now_s += TICK_S
            for partition in self.partitions:
                if partition.lane.wants_records:
                    there = [item for item in partition.log[:64] if item[1] <= self.now_s]
                    del partition.log[: len(there)]
                    partition.lane.offer(SimpleNamespace(offset=o, timestamp_ms=t * 1000) for o, t in there)
            lanes = [partition.lane for partition in self.partitions]
            for lane, outgoing in take_batches(lanes, LaneBounds(BATCH, 64), self.now_s):
                sent[outgoing] = self.partitions[lanes.index(lane)]
                num_frames = len(outgoing.batch.entries)
                self.schedule.add(outgoing, num_frames, is_behind=outgoing.batch.is_behind)
            if encoding and self.now_s < done_at_s:
                continue
            for piece in encoding:
                if piece.is_last:
                    self._answer(piece.item, sent.pop(piece.item))
            encoding = self.schedule.next_batch(self.now_s)
            done_at_s = self.now_s + FRAME_S * sum(piece.stop - piece.start for piece in encoding)

    def _answer(self, outgoing: OutgoingBatch, partition: Partition) -> None:
        partition.lane.answered(outgoing)
        for entry in outgoing.batch.entries:
            record: Any = entry
            partition.latencies_s.append(self.now_s - record.timestamp_ms / 1000)


def partition(
    log: list[tuple[int, float]], floods: Callable[[int], bool] = lambda offset: False
) -> Partition:
    lane = ReaderLane(
        ReadingPlan(0, 1, 0, 0, 1, {}),
        None,
        OneFrameEach(floods),
        Credits(64, 64, 10**9),  # type: ignore[arg-type]
    )
    return Partition(lane, log)


def cameras(num_cameras: int, seconds: float, phase_s: float = 0.0) -> list[tuple[int, float]]:
    """Two frames a second of each, spread evenly."""
    times = [1000.0 + phase_s + i / (2 * num_cameras) for i in range(round(seconds * 2 * num_cameras))]
    return list(enumerate(times))


def p95(latencies_s: list[float]) -> float:
    return float(np.quantile(latencies_s, 0.95))


def live() -> list[Partition]:
    return [partition(cameras(5, 60.0, phase_s)) for phase_s in (0.0, 0.013)]


@pytest.fixture(scope="module")
def calm_p95_s() -> float:
    simulation = Simulation(live())
    simulation.run(60.0)
    return p95([s for p in simulation.partitions for s in p.latencies_s])


@pytest.mark.parametrize(
    "log",
    [
        pytest.param([(i, i / 10 - 2600) for i in range(36_000)], id="a backlog of an hour"),
        pytest.param([(i, 1000.0 + i / 1000) for i in range(36_000)], id="a flood"),
    ],
)
def test_neither_a_backlog_nor_a_flood_of_one_partition_makes_the_others_late(
    log: list[tuple[int, float]], calm_p95_s: float
) -> None:
    trouble = partition(list(log), lambda offset: offset > 8 and log[0][1] >= 1000.0)
    simulation = Simulation([trouble, *live()])
    simulation.run(60.0)
    latencies = [s for p in simulation.partitions[1:] for s in p.latencies_s]
    assert len(latencies) >= 2 * 10 * 58
    # The one piece that is being encoded is all that a live frame ever waits for.
    assert p95(latencies) <= calm_p95_s + FRAME_S + 2 * TICK_S
    # What the live ones leave is used: 50 frames a second less 20.
    assert len(trouble.latencies_s) > 0.8 * 30 * 60


def test_partitions_that_are_late_alike_share_alike() -> None:
    simulation = Simulation([partition(cameras(20, 60.0, phase_s)) for phase_s in (0.0, 0.007, 0.013)])
    simulation.run(60.0)
    counts = [len(p.latencies_s) for p in simulation.partitions]
    assert sum(counts) > 0.9 * 50 * 60
    assert max(counts) < 1.2 * min(counts)


def test_a_backlog_is_worked_off_though_live_frames_take_everything() -> None:
    backlog = partition([(i, 900.0) for i in range(5000)])
    simulation = Simulation([backlog, *(partition(cameras(20, 60.0, s)) for s in (0.0, 0.013))])
    simulation.run(60.0)
    assert len(backlog.latencies_s) > 100
