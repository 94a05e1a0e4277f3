"""How each fault is done to a running system. A fault without a target is refused, and done later."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from pipeline.errors import TopologyError
from pipeline.messages.status import ActorStatus, RunStatus
from topologies.chaos.proxy import Cut, TcpProxy
from topologies.chaos.schedule import CUT_S, PAUSE_BEYOND_LEASE_S, FaultKind, PlannedFault
from topologies.chaos.system import ChaosSystem

_log = logging.getLogger(__name__)

MOVE_DEADLINE_S = 30.0
"""A move that takes longer was overtaken by another fault, and is done again."""

CUTS = (Cut.HOLD, Cut.DROP, Cut.RESET)


@dataclass(frozen=True, slots=True)
class DoneFault:
    """A fault that happened.

    Attributes:
        kind: What was done.
        target: To whom, for people.
        began_ms: When it began, Unix milliseconds.
        ended_ms: When what was taken was given back; for a kill, when it began.
        partitions: Partitions that it takes something from.
    """

    kind: FaultKind
    target: str
    began_ms: int
    ended_ms: int
    partitions: tuple[int, ...]


class Wrecker:
    """Does faults; several threads may use it.

    Args:
        system: What to do them to.
    """

    def __init__(self, system: ChaosSystem) -> None:
        self._system = system
        self._busy = {name: threading.Lock() for name in ("kafka", "redis")}

    def do(self, fault: PlannedFault) -> DoneFault | None:
        """Do one fault, from its beginning to its end; None if there is nothing to do it to now.

        Raises:
            FlowNarError: What was taken does not come back.
        """
        doings: dict[FaultKind, Callable[[PlannedFault], DoneFault | None]] = {
            FaultKind.KILL_NARRATOR: self._kill,
            FaultKind.KILL_ENCODER: self._kill,
            FaultKind.KILL_READER: self._kill,
            FaultKind.KILL_SUPERVISOR: self._kill_supervisor,
            FaultKind.PAUSE_NARRATOR: self._pause,
            FaultKind.PAUSE_ENCODER: self._pause,
            FaultKind.PAUSE_READER: self._pause,
            FaultKind.MOVE_PARTITION: self._move,
            FaultKind.RESTART_BROKER: lambda f: self._restart(f, "kafka"),
            FaultKind.RESTART_REDIS: lambda f: self._restart(f, "redis"),
            FaultKind.CUT_KAFKA: lambda f: self._cut(f, "kafka", self._system.kafka),
            FaultKind.CUT_REDIS: lambda f: self._cut(f, "redis", self._system.redis),
        }
        return doings[fault.kind](fault)

    def _kill(self, fault: PlannedFault) -> DoneFault | None:
        status = self._system.status()
        found = self._victim(fault, status)
        if status is None or found is None:
            return None
        actor, process = found
        began_ms = _now_ms()
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
        return DoneFault(fault.kind, actor.name, began_ms, began_ms, _partitions(status, actor))

    def _kill_supervisor(self, fault: PlannedFault) -> DoneFault | None:
        status = self._system.status()
        process = None if status is None else _process(status.supervisor_pid)
        if status is None or process is None:
            return None
        began_ms = _now_ms()
        process.kill()
        return DoneFault(fault.kind, "supervisor", began_ms, began_ms, _all_partitions(status))

    def _pause(self, fault: PlannedFault) -> DoneFault | None:
        status = self._system.status()
        found = self._victim(fault, status)
        if status is None or found is None:
            return None
        actor, process = found
        began_ms = _now_ms()
        seconds = self._system.settings.live.lease_s + fault.between(PAUSE_BEYOND_LEASE_S)
        try:
            process.suspend()
            time.sleep(seconds)
        finally:
            # It may have been killed meanwhile: that ends a pause, too.
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()
        target = f"{actor.name} for {seconds:.1f} s"
        return DoneFault(fault.kind, target, began_ms, _now_ms(), _partitions(status, actor))

    def _move(self, fault: PlannedFault) -> DoneFault | None:
        status = self._system.status()
        if status is None:
            return None
        narrators = [actor.name for actor in status.actors if actor.kind == "narrator" and actor.ready]
        rows = [row for row in status.partitions if row.phase == "owned" and row.narrator in narrators]
        if len(narrators) < 2 or not rows:
            return None
        row = rows[int(fault.choice * len(rows))]
        others = [name for name in narrators if name != row.narrator]
        target = others[int(fault.strength * len(others))]
        began_ms = _now_ms()
        try:
            self._system.run.move(row.partition, target, MOVE_DEADLINE_S)
        except TopologyError as error:
            _log.info("partition %d was not moved: %s", row.partition, error.message)
            return None
        what = f"partition {row.partition} from {row.narrator} to {target}"
        return DoneFault(fault.kind, what, began_ms, _now_ms(), (row.partition,))

    def _restart(self, fault: PlannedFault, name: str) -> DoneFault | None:
        if not self._busy[name].acquire(blocking=False):
            return None
        try:
            status = self._system.status()
            began_ms = _now_ms()
            self._system.restart_service(name)
            return DoneFault(fault.kind, name, began_ms, _now_ms(), _all_partitions(status))
        finally:
            self._busy[name].release()

    def _cut(self, fault: PlannedFault, name: str, network: TcpProxy) -> DoneFault | None:
        if not self._busy[name].acquire(blocking=False):
            return None
        try:
            status = self._system.status()
            began_ms = _now_ms()
            mode = CUTS[int(fault.choice * len(CUTS))]
            seconds = fault.between(CUT_S)
            network.cut(mode)
            time.sleep(seconds)
            what = f"{mode} for {seconds:.1f} s"
            return DoneFault(fault.kind, what, began_ms, _now_ms(), _all_partitions(status))
        finally:
            network.restore()
            self._busy[name].release()

    def _victim(
        self, fault: PlannedFault, status: RunStatus | None
    ) -> tuple[ActorStatus, psutil.Process] | None:
        kind = fault.kind.partition("-")[2]
        ready = [actor for actor in status.actors if actor.kind == kind and actor.ready] if status else []
        living = [(actor, process) for actor in ready if (process := _process(actor.pid)) is not None]
        return living[int(fault.choice * len(living))] if living else None


def _process(pid: int) -> psutil.Process | None:
    try:
        process = psutil.Process(pid) if pid else None
        return process if process and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _partitions(status: RunStatus, actor: ActorStatus) -> tuple[int, ...]:
    if actor.kind == "encoder":
        return _all_partitions(status)
    return tuple(row.partition for row in status.partitions if actor.name in (row.narrator, row.reader))


def _all_partitions(status: RunStatus | None) -> tuple[int, ...]:
    return tuple(row.partition for row in status.partitions) if status else ()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
