"""Pictures with transparency, and how they are placed on a drawing."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Sprite:
    """A picture with transparency.

    Attributes:
        rgba: uint8 [h, w, 4], premultiplied.
        anchor: The pixel (x, y) that is placed on a position.
    """

    rgba: Image
    anchor: tuple[float, float]

    @cached_property
    def shadow(self) -> Image:
        """Blurred alpha uint8 [h, w]: what the sprite's shadow looks like."""
        radius = max(0.6, self.rgba.shape[0] / 40.0)
        return np.asarray(cv2.GaussianBlur(self.rgba[:, :, 3], (0, 0), min(radius, 5.0)), np.uint8)


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
        shadow: If positive, darken `target` by this share in the sprite's shape instead of drawing it.
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
        keep = cv2.convertScaleAbs(warped, alpha=-shadow, beta=255)
        cv2.multiply(region, cv2.merge((keep, keep, keep)), region, 1 / 255)
        return
    keep = cv2.bitwise_not(warped[:, :, 3])
    cv2.multiply(region, cv2.merge((keep, keep, keep)), region, 1 / 255)
    cv2.add(region, warped[:, :, :3], region)
