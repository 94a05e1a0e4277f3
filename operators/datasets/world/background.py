"""The still part of a video: the room behind the bench and the bench itself, different in every video."""

import cv2
import numpy as np

from operators.datasets.world.geometry import MARGIN, PICTURE, ROOM_EDGE_Y
from operators.datasets.world.pen import Colour
from operators.datasets.world.sprites import Image

BENCHES: tuple[Colour, ...] = (
    (188, 160, 126),
    (158, 130, 100),
    (196, 190, 180),
    (150, 156, 160),
    (206, 184, 150),
    (124, 128, 130),
)
ROOMS: tuple[Colour, ...] = ((96, 104, 112), (128, 120, 108), (84, 92, 90), (140, 142, 146))


def paint_background(seed: int, size: int) -> Image:
    """Paint room and bench for frames of `size` pixels: uint8 [H, W, 3], margin included."""
    rng = np.random.default_rng([seed, 7])
    units = round(PICTURE + 2 * MARGIN)
    bench = np.array(BENCHES[rng.integers(len(BENCHES))], float)
    room = np.array(ROOMS[rng.integers(len(ROOMS))], float)
    edge = round(ROOM_EDGE_Y + MARGIN)
    image = np.empty((units, units, 3))
    depth = np.linspace(0.86, 1.08, units)[:, None]
    grain = _noise(rng, units, 2, 60) * 7 + _noise(rng, units, 5, 9) * 4 + _noise(rng, units, 90, 90) * 7
    image[:] = bench * depth[:, :, None] + grain[:, :, None]
    _draw_planks(image, rng, edge)
    image[:edge] = room + _noise(rng, units, 40, 30)[:edge, :, None] * 8
    _draw_room(image[:edge], rng, room)
    image[edge : edge + 7] = bench * 1.16
    image[edge + 7 : edge + 10] *= 0.8
    drawn = cv2.GaussianBlur(np.clip(image, 0, 255).astype(np.uint8), (0, 0), 0.7)
    target = round(units * size / PICTURE)
    return np.asarray(cv2.resize(drawn, (target, target), interpolation=cv2.INTER_AREA), np.uint8)


def _noise(rng: np.random.Generator, units: int, cell_y: int, cell_x: int) -> np.ndarray:
    """Smooth noise [units, units] of unit spread with blobs of about cell_y by cell_x units."""
    small = rng.standard_normal((units // cell_y + 2, units // cell_x + 2)).astype(np.float32)
    return np.asarray(cv2.resize(small, (units, units), interpolation=cv2.INTER_CUBIC))


def _draw_planks(image: np.ndarray, rng: np.random.Generator, edge: int) -> None:
    """Joints between the boards of the bench."""
    y = float(edge + rng.integers(20, 60))
    while y < len(image):
        row = int(y)
        image[row : row + 2] *= 0.86
        image[row + 2 : row + 3] *= 1.04
        y += float(rng.integers(52, 84))


def _draw_room(strip: np.ndarray, rng: np.random.Generator, room: np.ndarray) -> None:
    """A window, shelves and boxes far behind, out of focus."""
    height, width = strip.shape[:2]
    for _ in range(rng.integers(3, 7)):
        x, w = int(rng.integers(0, width)), int(rng.integers(20, 90))
        top = int(rng.integers(0, height - 10))
        strip[top:, x : x + w] = room * rng.uniform(0.6, 1.35)
    blurred = cv2.GaussianBlur(np.clip(strip, 0, 255).astype(np.float32), (0, 0), 6)
    strip[:] = blurred
