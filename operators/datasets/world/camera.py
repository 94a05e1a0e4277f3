"""What the camera adds: sway, changing light, and noise. All of it follows from seed and time alone."""

from functools import lru_cache
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from operators.datasets.world.geometry import MARGIN, PICTURE
from operators.datasets.world.sprites import Image

SWAY_UNITS = 4.5
NOISE_SPREAD = 5.0
"""Spread of a pixel's noise at 384 pixels, grey levels; smaller pictures have less, as if shrunk by area."""

_SOFT_BELOW = 300
"""Smaller pictures are resampled bicubically, or they get softer than a large picture shrunk by area."""


class Camera:
    """Turns a drawing into the picture that a camera takes of it."""

    def __init__(self, seed: int) -> None:
        rng = Random(seed * 7_368_787 + 5)
        self._waves = [
            [(rng.uniform(0.03, 0.35), rng.uniform(0, 6.28), rng.uniform(0.3, 1)) for _ in range(3)]
            for _ in range(8)
        ]
        self._warmth = rng.uniform(-0.05, 0.05)
        self._level = rng.uniform(0.95, 1.1)
        self._seed = seed

    def take(self, drawing: Image, time_s: float, size: int) -> Image:
        """Picture uint8 [size, size, 3] of a drawing that has the margin around it."""
        scale = size / PICTURE
        angle = np.radians(0.5 * self._wave(0, time_s))
        zoom = 1.012 + 0.008 * self._wave(1, time_s)
        c, s = np.cos(angle) * zoom, np.sin(angle) * zoom
        middle = (PICTURE / 2 + MARGIN) * scale - 0.5
        half = size / 2 - 0.5
        matrix = np.array([[c, -s, 0.0], [s, c, 0.0]])
        shift = SWAY_UNITS * scale * np.array([self._wave(2, time_s), self._wave(3, time_s)])
        matrix[:, 2] = half + shift - matrix[:, :2] @ (middle, middle)
        flags = cv2.INTER_CUBIC if size < _SOFT_BELOW else cv2.INTER_LINEAR
        picture = cv2.warpAffine(drawing, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        picture = cv2.multiply(picture, self._light(time_s, size), dtype=cv2.CV_8U)
        return np.asarray(cv2.add(picture, self._noise(time_s, size), dtype=cv2.CV_8U), np.uint8)

    def _wave(self, number: int, time_s: float) -> float:
        """A smooth random curve of time within about -1 to 1."""
        waves = self._waves[number]
        total = sum(weight for _, _, weight in waves)
        return (
            sum(weight * float(np.sin(6.2832 * hz * time_s + phase)) for hz, phase, weight in waves) / total
        )

    def _light(self, time_s: float, size: int) -> NDArray[np.float32]:
        """Gain of every pixel and colour: a lamp's drifting cone, clouds, the camera's white balance."""
        slow = time_s * 0.4
        level = self._level + 0.08 * self._wave(4, slow)
        warmth = self._warmth + 0.03 * self._wave(5, slow)
        grid = np.linspace(-1, 1, 9)
        x = grid[None, :] - 0.5 * self._wave(6, slow)
        y = grid[:, None] + 0.25 - 0.4 * self._wave(7, slow)
        cone = level * (1.06 - 0.12 * (x * x + y * y))
        small = cone[:, :, None] * np.array([1 + warmth, 1.0, 1 - warmth])
        return np.asarray(cv2.resize(small.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR))

    def _noise(self, time_s: float, size: int) -> NDArray[np.int16]:
        bank = _noise_bank(size)
        number = (round(time_s * 1000) * 2_654_435_761 + self._seed * 97_531) & 0xFFFFFFFF
        spare = bank.shape[0] - size + 1
        y, x = (number >> 4) % spare, (number >> 14) % spare
        return bank[y : y + size, x : x + size]


@lru_cache(maxsize=8)
def _noise_bank(size: int) -> NDArray[np.int16]:
    """Noise int16 [size + 64, size + 64, 3] from which every frame takes another part."""
    rng = np.random.default_rng(11)
    side = size + 64
    luma = rng.standard_normal((side, side, 1)).astype(np.float32)
    chroma = rng.standard_normal((side, side, 3)).astype(np.float32)
    spread = NOISE_SPREAD * min(1.0, size / PICTURE)
    return np.round((luma * 0.85 + chroma * 0.5) * spread).astype(np.int16)
