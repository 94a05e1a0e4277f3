"""The encoder actor: frames in, frame tokens out, no state, no order.

Requests of many readers are joined into batches: while one is computed, the next ones gather.
"""

import asyncio
import logging
import os
import queue
import threading
import time
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.cluster.actor_process import set_up_process
from pipeline.cluster.priority import run_politely
from pipeline.config import ModelSettings
from pipeline.encoder.schedule import EncoderSchedule
from pipeline.errors import EncoderError
from pipeline.messages.health import ActorHealth

if TYPE_CHECKING:
    from operators.encoder.frame_encoder import FrameEncoder

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Job:
    frames: NDArray[np.uint8]
    is_behind: bool
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[NDArray[np.float32]]"
    encoded: list[NDArray[np.float32]] = field(default_factory=list)

    def deliver(self, tokens: NDArray[np.float32], *, is_last: bool) -> None:
        """Some of the frames are encoded; with the last ones the caller is answered."""
        self.encoded.append(tokens)
        if is_last:
            self.loop.call_soon_threadsafe(_answer, self.answer, np.concatenate(self.encoded))

    def refuse(self, reason: str) -> None:
        """The frames can't be encoded."""
        self.loop.call_soon_threadsafe(_refuse, self.answer, reason)


class Encoder:
    """Runs as an asyncio actor; a thread of its own loads the vision tower and computes.

    Args:
        model: Which model, and where it computes.
        name: Name of the encoder.
        max_batch: Frames that are encoded at once, at most.
        num_threads: Threads of torch.
        polite: The model is loaded at low priority: others encode meanwhile.
    """

    def __init__(
        self, model: ModelSettings, name: str, max_batch: int, num_threads: int, polite: bool = False
    ) -> None:
        set_up_process(name)
        self._model = model
        self._max_batch = max_batch
        self._num_threads = num_threads
        self._polite = polite
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._ready = False
        self._failure = ""
        self._step_began_s = 0.0
        threading.Thread(target=self._run, name="encoder", daemon=True).start()

    async def encode(self, frames: NDArray[np.uint8], is_behind: bool = False) -> NDArray[np.float32]:
        """Encode frames.

        Args:
            frames: RGB uint8 [B, S, S, 3], any B >= 1.
            is_behind: They may wait for those that are live.

        Returns:
            Frame tokens float32 [B, N, D].

        Raises:
            EncoderError: The model could not be loaded, or the computation failed.
        """
        if self._failure:
            raise EncoderError(self._failure)
        loop = asyncio.get_running_loop()
        job = _Job(frames, is_behind, loop, loop.create_future())
        self._jobs.put(job)
        return await job.answer

    async def health(self) -> ActorHealth:
        """Say whether the encoder can work."""
        began_s = self._step_began_s
        busy_s = time.monotonic() - began_s if began_s else 0.0
        return ActorHealth(os.getpid(), self._ready, busy_s=busy_s, failure=self._failure)

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:
            _log.exception("encoder failed")
            self._failure = f"{error!r}"

    def _work(self) -> None:
        encoder = run_politely(self._load, polite=self._polite)
        import torch  # noqa: PLC0415 (see _load)

        self._ready = True
        _log.info("encoder ready on %s with %d threads", encoder.device, self._num_threads)
        shares_cores = encoder.device.type == "cpu"
        schedule: EncoderSchedule[_Job] = EncoderSchedule(self._max_batch, shares_cores=shares_cores)
        while True:
            self._gather(schedule)
            pieces = schedule.next_batch(time.monotonic())
            self._step_began_s = time.monotonic()
            frames = np.concatenate([piece.item.frames[piece.start : piece.stop] for piece in pieces])
            try:
                encoded = encoder.encode(torch.from_numpy(frames)).cpu().numpy()
            except Exception as error:
                _log.exception("encoding %d frames failed", len(frames))
                for piece in pieces:
                    piece.item.refuse(f"Encoding failed: {error!r}.")
            else:
                schedule.took(len(frames), time.monotonic() - self._step_began_s)
                row = 0
                for piece in pieces:
                    num_frames = piece.stop - piece.start
                    piece.item.deliver(encoded[row : row + num_frames], is_last=piece.is_last)
                    row += num_frames
            self._step_began_s = 0.0

    def _load(self) -> "FrameEncoder":
        import torch  # noqa: PLC0415 (takes seconds; health answers meanwhile)

        from operators.encoder.frame_encoder import FrameEncoder  # noqa: PLC0415

        torch.set_num_threads(self._num_threads)
        return FrameEncoder.load(self._model.path, self._model.device, self._model.dtype)

    def _gather(self, schedule: "EncoderSchedule[_Job]") -> None:
        """Take in what waits, and wait for something if nothing is to be encoded now."""
        try:
            while True:
                wait_s = schedule.wait_s(time.monotonic())
                job = self._jobs.get(block=wait_s > 0, timeout=None if wait_s == inf else wait_s)
                schedule.add(job, len(job.frames), is_behind=job.is_behind)
        except queue.Empty:
            pass


def _answer(answer: "asyncio.Future[NDArray[np.float32]]", tokens: NDArray[np.float32]) -> None:
    # The caller may have gone meanwhile.
    if not answer.done():
        answer.set_result(tokens)


def _refuse(answer: "asyncio.Future[NDArray[np.float32]]", reason: str) -> None:
    if not answer.done():
        answer.set_exception(EncoderError(reason))
