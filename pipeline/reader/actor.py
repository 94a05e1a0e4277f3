"""The reader actor: owns partitions of the frames topic by explicit assignment."""

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.cluster.actor_process import set_up_process
from pipeline.config import Settings
from pipeline.errors import BrokerError
from pipeline.kafka_io.watch import BrokerWatch
from pipeline.messages.camera import CameraBook
from pipeline.messages.health import ActorHealth
from pipeline.messages.reading import ReadingPlan

if TYPE_CHECKING:
    from pipeline.reader.loop import ReaderLoop

_log = logging.getLogger(__name__)

CONNECT_PAUSE_S = 1.0
"""Time between two tries to reach the broker."""

COMMAND_DEADLINE_S = 30.0
"""Time for a command to be carried out: the loop may be decoding a long group of pictures."""

Result = TypeVar("Result")


class Reader:
    """Runs as a threaded actor: one thread reads, the others answer the supervisor.

    Args:
        settings: All settings.
        name: Name of the reader.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        set_up_process(name)
        self._commands: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._loop: ReaderLoop | None = None
        self._failure = ""
        self._step_began_s = time.monotonic()
        self._broker = BrokerWatch(settings.kafka)
        threading.Thread(target=self._run, args=(settings, name), name="reader", daemon=True).start()

    def assign(self, plan: ReadingPlan, narrator: Any) -> None:
        """Read a partition for a narrator (its actor handle)."""
        self._do(lambda loop: loop.assign(plan, narrator))

    def release(self, partition: int, generation: int) -> None:
        """Stop reading a generation of a partition."""
        self._do(lambda loop: loop.release(partition, generation))

    def set_encoders(self, encoders: Mapping[str, Any]) -> None:
        """Use these encoders (actor handles by name)."""
        self._do(lambda loop: loop.set_encoders(encoders))

    def set_cameras(self, cameras: CameraBook) -> None:
        """Use these settings of the cameras."""
        self._do(lambda loop: loop.set_cameras(cameras))

    def drain(self, deadline_s: float) -> int:
        """Read nothing more and wait until all that was read is answered.

        Returns:
            Records that were not answered in time.
        """
        self._do(lambda loop: loop.stop_polling())
        deadline = time.monotonic() + deadline_s
        while (left := self._do(lambda loop: loop.num_in_flight)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left

    def health(self) -> ActorHealth:
        """Say how the reader is."""
        loop, began_s = self._loop, self._step_began_s
        return ActorHealth(
            pid=os.getpid(),
            ready=loop is not None,
            busy_s=time.monotonic() - began_s,
            failure=self._failure,
            lost=loop.lost() if loop else (),
            partitions=loop.statuses() if loop else (),
            dependencies=(self._broker.dependency(),),
        )

    def _do(self, action: Callable[["ReaderLoop"], Result]) -> Result:
        """Let the loop's thread carry out an action between two rounds."""
        done: Future[Result] = Future()
        self._commands.put((lambda: action(self._open_loop()), done))
        return done.result(COMMAND_DEADLINE_S)

    def _open_loop(self) -> "ReaderLoop":
        assert self._loop is not None, "commands are carried out by the loop's thread"
        return self._loop

    def _run(self, settings: Settings, name: str) -> None:
        try:
            loop = self._loop = self._connect(settings, name)
            while True:
                self._step_began_s = time.monotonic()
                self._carry_out_commands()
                loop.step()
        except Exception as error:
            _log.exception("reader failed")
            self._failure = f"{error!r}"

    def _connect(self, settings: Settings, name: str) -> "ReaderLoop":
        """Wait for the broker: a new process would not reach it sooner."""
        # The decoders take a second to import, which the supervisor need not spend.
        from pipeline.reader.loop import ReaderLoop  # noqa: PLC0415

        while True:
            self._step_began_s = time.monotonic()
            try:
                return ReaderLoop(settings, name)
            except BrokerError as error:
                _log.debug("%s", error)
                time.sleep(CONNECT_PAUSE_S)

    def _carry_out_commands(self) -> None:
        while True:
            try:
                action, done = self._commands.get_nowait()
            except queue.Empty:
                return
            try:
                done.set_result(action())
            except Exception as error:
                done.set_exception(error)
