"""People who pass through the room behind the bench, out of focus."""

from functools import lru_cache
from random import Random

import cv2
import numpy as np

from operators.datasets.world.geometry import MARGIN, PICTURE, ROOM_EDGE_Y
from operators.datasets.world.pen import Colour, Pen, darker
from operators.datasets.world.sprites import Image, Sprite, blit

_COATS: tuple[Colour, ...] = ((58, 66, 84), (110, 92, 82), (168, 164, 156), (72, 84, 74))
_FAR_UNITS = 520.0


class Passers:
    """Two people of one video who come by at times of their own; their way repeats after some time."""

    def __init__(self, seed: int, size: int) -> None:
        rng = Random(seed * 32_452_843 + 9)
        self._size, self._scale = size, size / PICTURE
        self._walks = [
            (
                rng.randrange(len(_COATS)),
                rng.uniform(24, 60) * rng.choice((-1, 1)),
                rng.uniform(900, 2600),
                rng.uniform(0, 2000),
            )
            for _ in range(2)
        ]

    def draw(self, image: Image, time_s: float) -> None:
        """Draw who is passing now; `image`, a drawing with the margin around the picture, is changed."""
        room = image[: round((ROOM_EDGE_Y + MARGIN) * self._scale)]
        for coat, speed, way, start in self._walks:
            x = (start + speed * time_s) % way - 70.0
            if x > _FAR_UNITS:
                continue
            bob = 2.0 * float(np.sin(abs(speed) * time_s * 0.12))
            blit(room, _passer_sprite(coat, self._size), x * self._scale, (ROOM_EDGE_Y + bob) * self._scale)


@lru_cache(maxsize=32)
def _passer_sprite(coat: int, size: int) -> Sprite:
    """A walking body from shoulders to hips, blurred."""
    pen = Pen(56, 70, 56, 40)
    pen.rect(-28, -46, 28, 30, _COATS[coat], 14)
    pen.rect(-38, -36, -26, 22, darker(_COATS[coat], 0.2), 6)
    pen.rect(26, -36, 38, 22, darker(_COATS[coat], 0.2), 6)
    pen.canvas = np.asarray(cv2.GaussianBlur(pen.canvas, (0, 0), 14), np.uint8)
    return pen.sprite(size)
