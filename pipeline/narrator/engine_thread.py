"""The thread that loads the model and steps the engine, beside the narrator's event loop."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from pipeline.cluster.priority import run_politely
from pipeline.config import Settings
from pipeline.narrator.settings import WantedSettings

if TYPE_CHECKING:
    from pipeline.narrator.loop import NarratorLoop

_log = logging.getLogger(__name__)

IDLE_S = 0.25
"""Longest wait for something to do."""

Action = Callable[["NarratorLoop"], None]


class EngineThread:
    """Starts at once; what is put before the model is loaded waits.

    Attributes:
        ready: The model is loaded.
        failure: Why the thread has ended; "" while it runs.

    Args:
        settings: All settings.
        num_threads: Threads of torch.
        polite: The model is loaded at low priority.
    """

    def __init__(self, settings: Settings, num_threads: int, *, polite: bool) -> None:
        self.ready = False
        self.failure = ""
        self._settings = settings
        self._num_threads = num_threads
        self._polite = polite
        self._step_began_s = 0.0
        self._inbox: queue.SimpleQueue[tuple[Action, Future[None]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="engine", daemon=True).start()

    def put(self, action: Action) -> "Future[None]":
        """Let the thread do something between two steps. Thread-safe."""
        done: Future[None] = Future()
        self._inbox.put((action, done))
        return done

    @property
    def busy_s(self) -> float:
        """Seconds that the current step has taken."""
        began_s = self._step_began_s
        return time.monotonic() - began_s if began_s else 0.0

    def _run(self) -> None:
        try:
            loop = run_politely(self._load, polite=self._polite)
            self.ready = True
            while True:
                self._take_in(loop, wait_s=0.0 if loop.has_work else IDLE_S)
                self._step_began_s = time.monotonic()
                loop.step()
                self._step_began_s = 0.0
        except Exception as error:
            _log.exception("engine failed")
            self.failure = f"{error!r}"

    def _take_in(self, loop: "NarratorLoop", wait_s: float) -> None:
        try:
            while True:
                action, done = self._inbox.get(timeout=wait_s) if wait_s else self._inbox.get_nowait()
                action(loop)
                done.set_result(None)
                wait_s = 0.0
        except queue.Empty:
            pass

    def _load(self) -> "NarratorLoop":
        import torch  # noqa: PLC0415 (takes seconds; takeovers go on meanwhile)

        from operators.checkpoints.load import load_model  # noqa: PLC0415
        from operators.narrator.engine import NarratorEngine  # noqa: PLC0415
        from pipeline.narrator.loop import NarratorLoop  # noqa: PLC0415

        torch.set_num_threads(self._num_threads)
        model_settings, num_slots = self._settings.model, self._settings.live.num_slots
        model = load_model(model_settings.path, model_settings.device, model_settings.dtype)
        wanted = WantedSettings(self._settings.narrator, model.config, self._settings.live.silent_after_s)
        loop = NarratorLoop(
            NarratorEngine(model, num_slots=num_slots, histories=[wanted.default.history]), num_slots, wanted
        )
        _log.info("engine ready with %d slots and %d threads", num_slots, self._num_threads)
        return loop
