"""One captioned film per camera: its video, with the narrations that landed under the picture."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from operators.frames.captioned import write_captioned
from operators.frames.captions import Caption
from operators.frames.source import open_source
from topologies.demo.cameras import CAMERAS, DemoCamera
from topologies.demo.verify import SeenNarration

FPS = 5.0
"""Smoother than what the narrator saw, and quick to draw."""


def write_films(out_dir: Path, seen: Sequence[SeenNarration], duration_s: float) -> dict[str, Path]:
    """Draw the cameras' videos again and write the narrations under them; returns the film of each stream.

    Raises:
        FrameError: A film can't be written.
    """
    captions = [_captions(camera, seen) for camera in CAMERAS]
    write = partial(_write_film, out_dir, duration_s)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        paths = list(pool.map(write, CAMERAS, captions))
    return {camera.stream: path for camera, path in zip(CAMERAS, paths, strict=True)}


def _write_film(out_dir: Path, duration_s: float, camera: DemoCamera, captions: list[Caption]) -> Path:
    path = out_dir / f"{camera.stream.replace('/', '-')}.mp4"
    write_captioned(path, _frames(camera, duration_s), captions, FPS)
    return path


def _frames(camera: DemoCamera, duration_s: float) -> Iterator[tuple[float, NDArray[np.uint8]]]:
    yield from open_source(f"world:{camera.seed}?seconds={duration_s:g}", FPS)


def _captions(camera: DemoCamera, seen: Sequence[SeenNarration]) -> list[Caption]:
    narrations = [one.event.narration for one in seen if one.event.stream == camera.stream]
    if not narrations:
        return []
    start_ns = narrations[0].start_time_ns
    return [
        Caption(
            (narration.start_time_ns - start_ns) / 1e9,
            (narration.end_time_ns - start_ns) / 1e9,
            narration.text,
        )
        for narration in narrations
    ]
