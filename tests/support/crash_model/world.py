"""The world that outlives every process: topics, blob store, cameras; and the processes in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from pipeline.commit.identity import SessionIdentity
from pipeline.commit.session import PartitionSession
from pipeline.errors import PipelineError
from tests.support.commit_model import TOPICS, Clock, open_session
from tests.support.crash_model.broker import ModelBroker
from tests.support.crash_model.cameras import Cameras
from tests.support.crash_model.network import Network
from tests.support.crash_model.steps import CrashError, Operation, Steps
from tests.support.crash_model.store import ModelStore
from tests.support.crash_model.toy_process import ToyNarrator

MODEL = "m"


class Doing(StrEnum):
    """What a process can be in the middle of."""

    TAKE_OVER = "take over"
    STORE = "store"
    COMMIT = "commit"
    STORE_AND_COMMIT = "store and commit"


COMMITTING = {Doing.COMMIT, Doing.STORE_AND_COMMIT}
STORING = {Doing.STORE, Doing.STORE_AND_COMMIT}


@dataclass(eq=False)
class Process:
    """One process that owns the partition, or believes so, or is about to.

    Attributes:
        number: Number of the process.
        generation: Generation that it was given.
        model_hash: Its model.
        operations: What it is in the middle of, standing still, by what that is.
        narrator: None before the takeover is done, and after a commit failed.
    """

    number: int
    generation: int
    model_hash: str
    operations: dict[Doing, Operation] = field(default_factory=dict)
    narrator: ToyNarrator | None = None


class World:
    """Attributes:
    steps, network, clock, broker, store, cameras: See their types.
    settings: Of the cameras, as of now.
    generation: The highest one that was given.
    processes: Those alive, the oldest first.
    taken_over: Narrators of all processes that ever had the partition, by number.
    """

    def __init__(self) -> None:
        self.steps = Steps()
        self.network = Network()
        self.clock = Clock()
        self.broker = ModelBroker(self.steps, self.network, self.clock)
        self.store = ModelStore(self.steps, self.network)
        self.cameras = Cameras(self.broker)
        self.settings = 0
        self.generation = 0
        self.processes: list[Process] = []
        self.taken_over: dict[int, ToyNarrator] = {}
        self._num_processes = 0
        self._down_for = [0, 0]

    def take_over(
        self,
        generation: int,
        fates: Mapping[int, int],
        *,
        model_hash: str = MODEL,
        accept_state_loss: bool = True,
    ) -> Process:
        """A new process takes the partition over."""
        self.generation = max(self.generation, generation)
        self._num_processes += 1
        process = Process(self._num_processes, generation, model_hash)
        self.processes.append(process)
        self._start(process, Doing.TAKE_OVER, partial(self._open_session, process, accept_state_loss), fates)
        return process

    def commit(self, process: Process, fates: Mapping[int, int], *, store: bool = True) -> None:
        """A process commits what it has, and stores snapshots first if nobody else does."""
        assert process.narrator is not None
        store = store and Doing.STORE not in process.operations
        commit = partial(process.narrator.session.commit, store=store)
        self._start(process, Doing.STORE_AND_COMMIT if store else Doing.COMMIT, commit, fates)

    def store_snapshots(self, process: Process, fates: Mapping[int, int]) -> None:
        """A process stores its snapshots beside the commits."""
        assert process.narrator is not None
        self._start(process, Doing.STORE, process.narrator.session.store, fates)

    def go_on(self, process: Process, name: Doing, fates: Mapping[int, int] | None) -> None:
        """What stands still goes on."""
        operation = process.operations[name]
        if not operation.go_on(fates):
            return
        del process.operations[name]
        if isinstance(operation.error, CrashError):
            self.kill(process)
        elif isinstance(operation.error, PipelineError):
            # It has noticed that it lost the partition; but its other thread may still be at work.
            process.narrator = None
        elif operation.error is not None:
            raise operation.error
        elif isinstance(operation.result, PartitionSession):
            narrator = ToyNarrator(process.number, operation.result, self.broker, lambda: str(self.settings))
            process.narrator = self.taken_over[process.number] = narrator
        if process.narrator is None and not process.operations and process in self.processes:
            self.processes.remove(process)

    def kill(self, process: Process) -> None:
        """A process dies."""
        self.processes.remove(process)
        for operation in process.operations.values():
            operation.kill()

    def let_pass(self, seconds: float) -> None:
        """Time passes: markers get written, and transactions that were left open are aborted."""
        self.clock.now_s += seconds
        self.broker.coordinator.settle()
        self.broker.coordinator.expire()

    def go_down(self, broker: int, store: int) -> None:
        """The services are down for so many operations."""
        self._down_for = [broker, store]

    def heal(self) -> None:
        """All processes die, all services are up, and nothing is on its way."""
        for process in list(self.processes):
            self.kill(process)
        self._down_for = [0, 0]
        self.network.deliver_all()
        self.broker.coordinator.settle()

    def _start(
        self, process: Process, name: Doing, work: Callable[[], object], fates: Mapping[int, int]
    ) -> None:
        assert name not in process.operations
        self.broker.is_down, self.store.is_down = (left > 0 for left in self._down_for)
        self._down_for = [max(left - 1, 0) for left in self._down_for]
        process.operations[name] = Operation(self.steps, process.number, work, fates)
        self.go_on(process, name, None)

    def _open_session(self, process: Process, accept_state_loss: bool) -> PartitionSession:
        name, generation = f"n{process.number}", process.generation
        identity = SessionIdentity("app", TOPICS, 0, 1, generation, name, "model", process.model_hash)
        return open_session(
            identity, self.broker, self.store, self.clock, accept_state_loss=accept_state_loss
        )
