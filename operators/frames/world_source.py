"""The video world as a source: `world:SEED?seconds=60`."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from numpy.typing import NDArray

from operators.datasets.world import generate
from operators.datasets.world.truth import MIN_DURATION_S
from operators.errors import FrameError

NATIVE_SIZE = 384
DEFAULT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class WorldUri:
    """What a `world:` address says.

    Attributes:
        seed: Seed of the video.
        duration_s: Its length in seconds.
    """

    seed: int
    duration_s: float


def parse_world_uri(uri: str) -> WorldUri:
    """Read `world:SEED` or `world:SEED?seconds=N`.

    Raises:
        FrameError: `source-unsupported`.
    """
    parts = urlsplit(uri)
    try:
        options = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        duration_s = float(options.pop("seconds", DEFAULT_SECONDS))
        seed = int(parts.path)
        if options or seed < 0 or not 0 < duration_s < float("inf"):
            raise ValueError(uri)
    except ValueError as error:
        raise FrameError(
            f"{uri!r} is no address of the video world",
            code="source-unsupported",
            action="Write it like world:200000 or world:200000?seconds=60.",
        ) from error
    return WorldUri(seed, duration_s)


def world_frames(video: WorldUri, fps: float) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield (tick number, RGB uint8 [384, 384, 3]), as a camera in the world would send them.

    Raises:
        WorldError: The seed is kept back, or the video too long.
    """
    # The world makes no shorter videos; of one that is asked for, the beginning is shown.
    drawn = generate(video.seed, max(video.duration_s, MIN_DURATION_S))
    for tick in range(round(video.duration_s * fps)):
        yield tick, drawn.frame(tick / fps, NATIVE_SIZE)
