"""Faults are done to living processes and mended networks only, and what was taken is given back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import psutil
import pytest

from pipeline.config import Settings
from pipeline.errors import TopologyError
from pipeline.messages.status import ActorStatus, OwnershipStatus, RunIdentity, RunStatus
from tests.support.waiting import wait_until
from topologies.chaos.faults import Wrecker
from topologies.chaos.proxy import Cut
from topologies.chaos.schedule import FaultKind, PlannedFault

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
IDENTITY = RunIdentity("live", "0", "", "", "")


@dataclass
class Network:
    """Notes what is done to it."""

    done: list[str] = field(default_factory=list)

    def cut(self, mode: Cut) -> None:
        self.done.append(f"cut {mode}")

    def restore(self) -> None:
        self.done.append("restored")


@dataclass
class Run:
    """Moves partitions, or refuses to."""

    moved: list[tuple[int, str]] = field(default_factory=list)
    refuses: bool = False

    def move(self, partition: int, narrator: str, deadline_s: float) -> None:
        if self.refuses:
            raise TopologyError("No.")
        self.moved.append((partition, narrator))


@dataclass
class System:
    """What a Wrecker needs of a system."""

    actors: tuple[ActorStatus, ...] = ()
    supervisor_pid: int = 0
    answers: bool = True
    settings: Settings = field(default_factory=lambda: Settings.model_validate({"live": {"lease_s": 0.01}}))
    kafka: Network = field(default_factory=Network)
    redis: Network = field(default_factory=Network)
    run: Run = field(default_factory=Run)
    restarted: list[str] = field(default_factory=list)

    def status(self) -> RunStatus | None:
        rows = tuple(
            OwnershipStatus(p, "owned", 1, f"narrator-{p % 2}", f"reader-{p % 2}", 0, 0, 0, "")
            for p in range(4)
        )
        if not self.answers:
            return None
        return RunStatus(
            identity=IDENTITY,
            supervisor_pid=self.supervisor_pid,
            ready=True,
            actors=self.actors,
            partitions=rows,
            streams=(),
            waiting="",
        )

    def restart_service(self, name: str) -> None:
        self.restarted.append(name)


def fault(kind: FaultKind, choice: float = 0.0) -> PlannedFault:
    return PlannedFault(0.0, kind, choice, 0.0)


def actor(name: str, pid: int, *, ready: bool = True) -> ActorStatus:
    return ActorStatus(name, name.partition("-")[0], pid, ready, 0, "")


@pytest.fixture
def processes() -> Iterator[list[psutil.Process]]:
    """Two processes that do nothing."""
    started = [subprocess.Popen(SLEEP) for _ in range(2)]
    yield [psutil.Process(process.pid) for process in started]
    for process in started:
        process.kill()
        process.wait()


def wrecker(system: System) -> Wrecker:
    return Wrecker(system)  # type: ignore[arg-type]


def test_a_narrator_is_killed_and_its_partitions_are_named(processes: list[psutil.Process]) -> None:
    actors = [actor(f"narrator-{i}", process.pid) for i, process in enumerate(processes)]
    system = System(actors=(*actors, actor("reader-0", processes[0].pid)))
    done = wrecker(system).do(fault(FaultKind.KILL_NARRATOR, 0.9))
    assert done is not None
    assert (done.target, done.partitions) == ("narrator-1", (1, 3))
    wait_until(lambda: processes[1].status() == psutil.STATUS_ZOMBIE, "the death of narrator-1", 5.0)
    assert processes[0].is_running()


def test_the_death_of_an_encoder_concerns_all_partitions(processes: list[psutil.Process]) -> None:
    done = wrecker(System(actors=(actor("encoder-0", processes[0].pid),))).do(fault(FaultKind.KILL_ENCODER))
    assert done is not None
    assert done.partitions == (0, 1, 2, 3)


def test_the_supervisor_is_killed(processes: list[psutil.Process]) -> None:
    done = wrecker(System(supervisor_pid=processes[0].pid)).do(fault(FaultKind.KILL_SUPERVISOR))
    assert done is not None
    wait_until(lambda: processes[0].status() == psutil.STATUS_ZOMBIE, "the supervisor's death", 5.0)


def test_a_paused_process_goes_on(processes: list[psutil.Process]) -> None:
    actors = (actor("reader-0", processes[0].pid),)
    paused = wrecker(System(actors=actors))
    done = paused.do(fault(FaultKind.PAUSE_READER))
    assert done is not None
    assert done.partitions == (0, 2)
    assert done.ended_ms - done.began_ms >= 1_000
    assert processes[0].status() != psutil.STATUS_STOPPED


def test_without_a_target_nothing_is_done(processes: list[psutil.Process]) -> None:
    dead = subprocess.Popen(SLEEP)
    dead.kill()
    dead.wait()
    starting = actor("narrator-0", processes[0].pid, ready=False)
    for system in (System(), System(answers=False), System(actors=(starting, actor("narrator-1", dead.pid)))):
        for kind in FaultKind:
            if kind.startswith(("kill", "pause", "move")):
                assert wrecker(system).do(fault(kind)) is None
    assert processes[0].is_running()


def test_a_partition_is_moved_to_another_narrator() -> None:
    system = System(actors=(actor("narrator-0", 1), actor("narrator-1", 1)))
    done = wrecker(system).do(fault(FaultKind.MOVE_PARTITION, 0.3))
    assert done is not None
    assert system.run.moved == [(1, "narrator-0")]
    assert done.partitions == (1,)
    system.run.refuses = True
    assert wrecker(system).do(fault(FaultKind.MOVE_PARTITION)) is None


def test_services_are_restarted_also_while_the_supervisor_is_dead() -> None:
    system = System(answers=False)
    assert wrecker(system).do(fault(FaultKind.RESTART_BROKER)) is not None
    assert wrecker(system).do(fault(FaultKind.RESTART_REDIS)) is not None
    assert system.restarted == ["kafka", "redis"]


def test_a_network_is_cut_in_every_way_and_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("topologies.chaos.faults.CUT_S", (0.01, 0.02))
    system = System()
    for choice in (0.0, 0.5, 0.9):
        assert wrecker(system).do(fault(FaultKind.CUT_KAFKA, choice)) is not None
    wanted = ["cut hold", "restored", "cut drop", "restored", "cut reset", "restored"]
    assert system.kafka.done == wanted
    assert system.redis.done == []


def test_a_service_is_not_restarted_while_its_network_is_cut() -> None:
    system = System()
    busy = wrecker(system)
    with busy._busy["kafka"]:
        assert busy.do(fault(FaultKind.RESTART_BROKER)) is None
        assert busy.do(fault(FaultKind.CUT_KAFKA)) is None
        assert busy.do(fault(FaultKind.RESTART_REDIS)) is not None
