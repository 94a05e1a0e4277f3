"""Pictures with transparency: drawn once at three times the resolution, shrunk by area, then placed many times.

A sprite is premultiplied RGBA. Drawing with anti-aliased OpenCV primitives onto a transparent black canvas gives
exactly that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from operators.datasets.world.geometry import PICTURE

Image = NDArray[np.uint8]
Colour = tuple[float, float, float]
Point = tuple[float, float]

SUPERSAMPLING = 3
_SHIFT = 4
_ONE = 1 << _SHIFT


def mix(colour: Colour, other: Colour, share: float) -> Colour:
    """Blend `share` of `other` into `colour`."""
    r, g, b = (c + (o - c) * share for c, o in zip(colour, other, strict=True))
    return r, g, b


def darker(colour: Colour, share: float = 0.3) -> Colour:
    """Blend black into a colour."""
    return mix(colour, (0, 0, 0), share)


def lighter(colour: Colour, share: float = 0.3) -> Colour:
    """Blend white into a colour."""
    return mix(colour, (255, 255, 255), share)


@dataclass(frozen=True)
class Sprite:
    """A picture with transparency.

    Attributes:
        rgba: uint8 [h, w, 4], premultiplied.
        anchor: The pixel (x, y) that is placed on a position.
    """

    rgba: Image
    anchor: Point

    @cached_property
    def shadow(self) -> Image:
        """Blurred alpha uint8 [h, w]: what the sprite's shadow looks like."""
        radius = max(0.6, self.rgba.shape[0] / 40.0)
        return np.asarray(cv2.GaussianBlur(self.rgba[:, :, 3], (0, 0), min(radius, 5.0)), np.uint8)


class Pen:
    """Draws a sprite in units around its anchor.

    Args:
        left: Extent of the canvas left of the anchor, units; likewise `up`, `right` and `down`.
    """

    def __init__(self, left: float, up: float, right: float, down: float) -> None:
        self._left, self._up = left, up
        self._width, self._height = left + right, up + down
        shape = (round(self._height * SUPERSAMPLING), round(self._width * SUPERSAMPLING), 4)
        self.canvas: Image = np.zeros(shape, np.uint8)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon."""
        cv2.fillPoly(self.canvas, [self._fixed(points)], self._rgba(colour), cv2.LINE_AA, _SHIFT)

    def rect(self, x0: float, y0: float, x1: float, y1: float, colour: Colour, radius: float = 0.0) -> None:
        """Fill a rectangle, with rounded corners if `radius` is given."""
        if radius <= 0:
            self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)
            return
        angles = np.linspace(0, np.pi / 2, 7)
        corners = ((x1 - radius, y1 - radius, 0), (x0 + radius, y1 - radius, 1))
        corners += ((x0 + radius, y0 + radius, 2), (x1 - radius, y0 + radius, 3))
        points = [
            (cx + radius * float(np.cos(a + k * np.pi / 2)), cy + radius * float(np.sin(a + k * np.pi / 2)))
            for cx, cy, k in corners
            for a in angles
        ]
        self.polygon(points, colour)

    def ellipse(
        self,
        x: float,
        y: float,
        rx: float,
        ry: float,
        colour: Colour,
        tilt: float = 0.0,
        arc: Point = (0.0, 360.0),
    ) -> None:
        """Fill an ellipse, or the part of it between two angles in degrees."""
        points = cv2.ellipse2Poly((0, 0), (1000, 1000), 0, int(arc[0]), int(arc[1]), 6) / 1000.0
        c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
        xs, ys = points[:, 0] * rx, points[:, 1] * ry
        self.polygon(list(zip(x + xs * c - ys * s, y + xs * s + ys * c, strict=True)), colour)

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """Draw a line with round ends."""
        thickness = max(1, round(width * SUPERSAMPLING))
        cv2.polylines(
            self.canvas, [self._fixed(points)], False, self._rgba(colour), thickness, cv2.LINE_AA, _SHIFT
        )

    def shade(self, left: float, right: float, top: float = 1.0, bottom: float = 1.0) -> None:
        """Multiply what is drawn so far by brightness gradients from left to right and from top to bottom."""
        h, w = self.canvas.shape[:2]
        gain = np.linspace(left, right, w)[None, :] * np.linspace(top, bottom, h)[:, None]
        rgb = self.canvas[:, :, :3] * gain[:, :, None]
        self.canvas[:, :, :3] = np.minimum(rgb, self.canvas[:, :, 3:]).astype(np.uint8)

    def glow(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, alpha: float, tilt: float = 0.0
    ) -> None:
        """Blend a soft ellipse into what is drawn so far, for highlights and shades; it stays inside of it."""
        h, w = self.canvas.shape[:2]
        reach = 1.6 * max(rx, ry)
        x0, x1 = (int(np.clip((x + self._left + side * reach) * SUPERSAMPLING, 0, w)) for side in (-1, 1))
        y0, y1 = (int(np.clip((y + self._up + side * reach) * SUPERSAMPLING, 0, h)) for side in (-1, 1))
        if abs(tilt) < 1e-6:
            x0, x1 = (
                int(np.clip((x + self._left + side * 1.6 * rx) * SUPERSAMPLING, 0, w)) for side in (-1, 1)
            )
            y0, y1 = (
                int(np.clip((y + self._up + side * 1.6 * ry) * SUPERSAMPLING, 0, h)) for side in (-1, 1)
            )
        c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
        dx = np.arange(x0, x1, dtype=np.float32)[None, :] / SUPERSAMPLING - np.float32(self._left + x)
        dy = np.arange(y0, y1, dtype=np.float32)[:, None] / SUPERSAMPLING - np.float32(self._up + y)
        distance = np.sqrt(((dx * c + dy * s) / rx) ** 2 + ((dy * c - dx * s) / ry) ** 2)
        fall = np.clip((1.6 - distance) / 1.2, 0, 1)
        share = (fall * fall * (3 - 2 * fall) * alpha)[:, :, None].astype(np.float32)
        region = self.canvas[y0:y1, x0:x1]
        inside = region[:, :, 3:] * np.float32(1 / 255)
        region[:, :, :3] += (
            ((np.array(colour, np.float32) * inside - region[:, :, :3]) * share)
            .astype(np.int16)
            .astype(np.uint8)
        )

    def sprite(self, size: int) -> Sprite:
        """The finished picture for frames of `size` pixels."""
        scale = size / PICTURE
        w, h = max(1, round(self._width * scale)), max(1, round(self._height * scale))
        rgba = np.asarray(cv2.resize(self.canvas, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
        return Sprite(rgba, (self._left * w / self._width, self._up * h / self._height))

    def _fixed(self, points: Sequence[Point]) -> NDArray[np.int32]:
        xy = np.asarray(points, np.float64) + (self._left, self._up)
        return np.round((xy * SUPERSAMPLING - 0.5) * _ONE).astype(np.int32)

    @staticmethod
    def _rgba(colour: Colour) -> tuple[float, float, float, float]:
        return (*colour, 255.0)


def blit(
    target: Image,
    sprite: Sprite,
    x: float,
    y: float,
    angle_deg: float = 0.0,
    shadow: float = 0.0,
    mirror: bool = False,
) -> None:
    """Place a sprite's anchor on pixel position (x, y) of `target`, which is changed.

    Args:
        target: uint8 [H, W, 3].
        sprite: What to place.
        x: Pixel position, fractions allowed; likewise y.
        angle_deg: Turn around the anchor, clockwise.
        shadow: If positive, darken `target` by this share in the sprite's shape instead of drawing the sprite.
        mirror: Turn the sprite upside down first.
    """
    source = sprite.shadow if shadow > 0 else sprite.rgba
    h, w = source.shape[:2]
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    flip = -1.0 if mirror else 1.0
    ax, ay = sprite.anchor[0] - 0.5, sprite.anchor[1] - 0.5
    matrix = np.array([[c, -s * flip, 0.0], [s, c * flip, 0.0]])
    matrix[:, 2] = (x - 0.5, y - 0.5) - matrix[:, :2] @ (ax, ay)
    corners = matrix[:, :2] @ np.array([[-1, w, w, -1], [-1, -1, h, h]], float) + matrix[:, 2:]
    x0, y0 = np.maximum(np.floor(corners.min(1)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(corners.max(1)).astype(int) + 1, (target.shape[1], target.shape[0]))
    if x1 <= x0 or y1 <= y0:
        return
    matrix[:, 2] -= (x0, y0)
    warped = cv2.warpAffine(source, matrix, (int(x1 - x0), int(y1 - y0)), flags=cv2.INTER_LINEAR)
    region = target[y0:y1, x0:x1]
    if shadow > 0:
        keep = 255 - (warped * np.float32(shadow)).astype(np.uint8)
        cv2.multiply(region, cv2.merge((keep, keep, keep)), region, 1 / 255)
        return
    keep = 255 - warped[:, :, 3]
    cv2.multiply(region, cv2.merge((keep, keep, keep)), region, 1 / 255)
    cv2.add(region, warped[:, :, :3], region)
