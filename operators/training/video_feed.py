"""Brings rendered videos into the bank while the training goes on."""

import threading
import time
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Self

from operators.training.samples import VideoSample
from operators.training.video_bank import VideoBank

POLL_S = 0.2
WAIT_S = 600.0
"""Longest wait for rendered videos: workers that take longer than this for a video have died."""


class VideoFeed:
    """A thread that sorts videos: validation videos into a list, the others into the bank.

    An error in the thread (or in a rendering process) is raised again by the next call of `wait`.

    Args:
        samples: Rendered videos, as they come.
        bank: Takes the training videos.
        validation_seeds: Seeds of the validation videos.
    """

    def __init__(
        self, samples: Iterable[VideoSample], bank: VideoBank, validation_seeds: Sequence[int]
    ) -> None:
        self.validation: list[VideoSample] = []
        self._bank, self._samples, self._seeds = bank, samples, frozenset(validation_seeds)
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="video-feed", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Take no more videos; the one in hand is finished."""
        self._stop.set()
        self._thread.join(timeout=POLL_S * 50)

    def wait(self, num_videos: int, num_validation: int) -> None:
        """Wait until so many training and validation videos are there, or no more will come.

        Raises:
            RuntimeError: Rendering failed, or nothing came for too long.
        """
        deadline_s = time.monotonic() + WAIT_S
        while self._bank.count < num_videos or len(self.validation) < num_validation:
            if self._error is not None:
                raise RuntimeError("rendering the training videos failed") from self._error
            if time.monotonic() > deadline_s or not self._thread.is_alive():
                raise RuntimeError(
                    f"only {self._bank.count} training and {len(self.validation)} validation videos came"
                )
            time.sleep(POLL_S)

    def _run(self) -> None:
        try:
            for sample in self._samples:
                if sample.seed in self._seeds:
                    self.validation.append(sample)
                elif self._wait_for_room():
                    self._bank.put(sample)
                if self._stop.is_set() or (self._bank.is_full and len(self.validation) == len(self._seeds)):
                    return
        except Exception as error:  # handed on to `wait`, in the training's thread
            self._error = error

    def _wait_for_room(self) -> bool:
        """Wait until the bank takes a video; False if the feed was stopped instead."""
        while not self._bank.has_room:
            if self._stop.wait(POLL_S):
                return False
        return True
