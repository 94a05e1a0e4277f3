"""Videos are rendered by worker processes while the GPU trains; frames travel through files in memory."""

import multiprocessing
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.pool import IMapIterator, Pool
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from operators.frames.threads import use_one_thread
from operators.training.samples import VideoSample

MIN_SPOOL_BYTES = 4 << 30
"""Room for more videos than are ever between the workers and the training."""

MakeSample = Callable[[int], VideoSample]
"""Renders the video of a seed; must be picklable."""


@dataclass(frozen=True, slots=True)
class _Spooled:
    sample: VideoSample
    file: str
    shape: tuple[int, ...]


class RenderPool:
    """Renders videos in order of completion.

    Args:
        make_sample: Renders one video.
        seeds: Which videos.
        num_workers: Processes.
    """

    def __init__(self, make_sample: MakeSample, seeds: Sequence[int], num_workers: int) -> None:
        self._spool = tempfile.mkdtemp(prefix="flownar-render-", dir=_memory_folder())
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["operators.training.samples"])
        self._pool: Pool = context.Pool(num_workers, initializer=use_one_thread)
        work = _Work(make_sample, self._spool)
        self._results: IMapIterator[_Spooled] = self._pool.imap_unordered(work, seeds)

    def __iter__(self) -> Iterator[VideoSample]:
        """Yield the videos as they are ready; blocks until the next one is."""
        for spooled in self._results:
            yield _collect(spooled)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers and drop what nobody collected."""
        self._pool.terminate()
        self._pool.join()
        shutil.rmtree(self._spool, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class _Work:
    make_sample: MakeSample
    spool: str

    def __call__(self, seed: int) -> _Spooled:
        sample = self.make_sample(seed)
        file = Path(self.spool) / f"{seed}.frames"
        sample.frames.tofile(file)
        return _Spooled(replace(sample, frames=sample.frames[:0]), str(file), sample.frames.shape)


def _collect(spooled: _Spooled) -> VideoSample:
    file = Path(spooled.file)
    frames = np.fromfile(file, dtype=np.uint8).reshape(spooled.shape)
    file.unlink()
    return replace(spooled.sample, frames=frames)


def _memory_folder() -> Path | None:
    """Where files lie in memory, if there is room; None is the usual place for temporary files."""
    shared_memory = Path("/dev/shm")  # noqa: S108 (a private folder is made in it)
    if shared_memory.is_dir() and shutil.disk_usage(shared_memory).free >= MIN_SPOOL_BYTES:
        return shared_memory
    return None
