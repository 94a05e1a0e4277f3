"""Draws sprites: anti-aliased shapes on a transparent canvas of three times the resolution, in units.

Drawing with OpenCV's anti-aliased primitives onto transparent black gives premultiplied RGBA; shrinking it by
area keeps it so.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from operators.datasets.world.geometry import PICTURE
from operators.datasets.world.sprites import Image, Sprite

Colour = tuple[float, float, float]
Point = tuple[float, float]

SUPERSAMPLING = 3
_SHIFT = 4
_ONE = 1 << _SHIFT
_GLOW_REACH = 1.6


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
        corners = (
            (x1 - radius, y1 - radius, 0),
            (x0 + radius, y1 - radius, 1),
            (x0 + radius, y0 + radius, 2),
            (x1 - radius, y0 + radius, 3),
        )
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
        angles = np.radians(np.linspace(arc[0], arc[1], 48))
        c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
        xs, ys = np.cos(angles) * rx, np.sin(angles) * ry
        self.polygon(list(zip(x + xs * c - ys * s, y + xs * s + ys * c, strict=True)), colour)

    def line(self, points: Sequence[Point], width: float, colour: Colour) -> None:
        """Draw a line with round ends."""
        thickness = max(1, round(width * SUPERSAMPLING))
        cv2.polylines(
            self.canvas, [self._fixed(points)], False, self._rgba(colour), thickness, cv2.LINE_AA, _SHIFT
        )

    def glow(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, alpha: float, tilt: float = 0.0
    ) -> None:
        """Blend a soft ellipse into what is drawn so far, and only there: highlights and shades."""
        reach_x, reach_y = (rx, ry) if tilt == 0 else (max(rx, ry), max(rx, ry))
        x0, x1 = self._pixels(x + self._left, _GLOW_REACH * reach_x, self.canvas.shape[1])
        y0, y1 = self._pixels(y + self._up, _GLOW_REACH * reach_y, self.canvas.shape[0])
        c, s = np.cos(np.radians(tilt)), np.sin(np.radians(tilt))
        dx = np.arange(x0, x1, dtype=np.float32)[None, :] / SUPERSAMPLING - np.float32(self._left + x)
        dy = np.arange(y0, y1, dtype=np.float32)[:, None] / SUPERSAMPLING - np.float32(self._up + y)
        distance = np.sqrt(((dx * c + dy * s) / rx) ** 2 + ((dy * c - dx * s) / ry) ** 2)
        fall = np.clip((_GLOW_REACH - distance) / (_GLOW_REACH - 0.4), 0, 1)
        share = (fall * fall * (3 - 2 * fall) * alpha)[:, :, None].astype(np.float32)
        region = self.canvas[y0:y1, x0:x1]
        glowing = np.array(colour, np.float32) * (region[:, :, 3:] * np.float32(1 / 255))
        region[:, :, :3] = (region[:, :, :3] * (1 - share) + glowing * share).astype(np.uint8)

    def sprite(self, size: int) -> Sprite:
        """The finished picture for frames of `size` pixels."""
        scale = size / PICTURE
        w, h = max(1, round(self._width * scale)), max(1, round(self._height * scale))
        rgba = np.asarray(cv2.resize(self.canvas, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
        return Sprite(rgba, (self._left * w / self._width, self._up * h / self._height))

    def _fixed(self, points: Sequence[Point]) -> NDArray[np.int32]:
        xy = np.asarray(points, np.float64) + np.array([self._left, self._up])
        return np.asarray(np.round((xy * SUPERSAMPLING - 0.5) * _ONE), np.int32)

    @staticmethod
    def _pixels(middle: float, reach: float, limit: int) -> tuple[int, int]:
        low, high = (middle - reach) * SUPERSAMPLING, (middle + reach) * SUPERSAMPLING
        return max(0, int(low)), max(0, min(limit, int(high)))

    @staticmethod
    def _rgba(colour: Colour) -> tuple[float, float, float, float]:
        return (*colour, 255.0)
