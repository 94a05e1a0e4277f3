"""Pictures of the things: eight shapes that differ in outline, in five colours."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from operators.datasets.world.geometry import THING_HEIGHT
from operators.datasets.world.pen import Colour, Pen, Point, darker, lighter
from operators.datasets.world.sprites import Sprite
from operators.datasets.world.vocabulary import COLOURS, KINDS

_WHITE: Colour = (255, 255, 255)
_DARK: Colour = (34, 34, 40)
_METAL: Colour = (176, 182, 190)
_WOOD: Colour = (168, 124, 78)


@lru_cache(maxsize=1024)
def thing_sprite(thing: int, size: int) -> Sprite:
    """Picture of a thing for frames of `size` pixels; its anchor is the middle of its foot."""
    kind = KINDS[thing // len(COLOURS)]
    colour = list(COLOURS.values())[thing % len(COLOURS)]
    pen = Pen(40, 72, 40, 8)
    _DRAW[kind](pen, colour, THING_HEIGHT[kind])
    return pen.sprite(size)


def _cup(pen: Pen, colour: Colour, h: float) -> None:
    pen.ellipse(22, -h * 0.52, 14, 14, darker(colour, 0.25))
    pen.ellipse(22, -h * 0.52, 7.5, 7.5, (0, 0, 0))
    _erase(pen, 22, -h * 0.52, 7.5)
    pen.polygon([(-24, -h + 5), (24, -h + 5), (19, -3), (14, 0), (-14, 0), (-19, -3)], colour)
    pen.glow(-11, -h * 0.45, 4, 16, _WHITE, 0.45)
    pen.glow(18, -h * 0.4, 6, 20, (0, 0, 0), 0.3)
    pen.ellipse(0, -h + 6, 24, 6, lighter(colour, 0.35))
    pen.ellipse(0, -h + 6.5, 20, 4.2, darker(colour, 0.65))


def _ball(pen: Pen, colour: Colour, h: float) -> None:
    r = h / 2
    pen.ellipse(0, -r, r, r, colour)
    pen.glow(5, -r + 9, r * 0.9, r * 0.75, darker(colour, 0.7), 0.35)
    pen.line([(-r * 0.96, -r - 3), (-8, -r + 5), (8, -r + 5), (r * 0.96, -r - 3)], 3.4, _WHITE)
    pen.glow(-9, -h + 15, 8, 6, _WHITE, 0.9, -35)


def _bottle(pen: Pen, colour: Colour, h: float) -> None:
    pen.rect(-14, -h * 0.62, 14, 0, colour, 5)
    pen.polygon([(-14, -h * 0.56), (-6, -h * 0.78), (6, -h * 0.78), (14, -h * 0.56)], colour)
    pen.rect(-6, -h + 6, 6, -h * 0.7, colour)
    pen.glow(-7, -h * 0.4, 3, 18, _WHITE, 0.5)
    pen.glow(11, -h * 0.35, 4, 22, (0, 0, 0), 0.3)
    pen.rect(-7.5, -h, 7.5, -h + 10, _DARK, 2)
    pen.rect(-14, -h * 0.42, 14, -h * 0.18, (244, 240, 230))
    pen.line([(-8, -h * 0.3), (8, -h * 0.3)], 2.2, darker(colour, 0.2))


def _book(pen: Pen, colour: Colour, h: float) -> None:
    pen.rect(-34, -h, 34, 0, darker(colour, 0.25), 3)
    pen.rect(-29, -h + 3, 33, -3, (246, 240, 224))
    pen.rect(-34, -h, 30, -5, colour, 3)
    pen.rect(-34, -h, -26, -5, darker(colour, 0.35))
    pen.rect(-17, -h + 9, 21, -h + 17, (250, 246, 236))
    pen.line([(-10, -14), (14, -14)], 2.5, (250, 246, 236))
    pen.glow(-6, -h + 4, 26, 3, _WHITE, 0.3)


def _car(pen: Pen, colour: Colour, h: float) -> None:
    pen.polygon([(-20, -h + 15), (-12, -h), (11, -h), (22, -h + 15)], colour)
    pen.rect(-35, -h + 14, 35, -8, colour, 6)
    pen.polygon([(-14, -h + 14), (-9, -h + 4), (-1, -h + 4), (-1, -h + 14)], (206, 232, 246))
    pen.polygon([(3, -h + 14), (3, -h + 4), (9, -h + 4), (16, -h + 14)], (206, 232, 246))
    pen.glow(0, -10, 34, 4, (0, 0, 0), 0.3)
    pen.glow(-8, -h + 17, 24, 2.5, _WHITE, 0.45)
    for x in (-20, 20):
        pen.ellipse(x, -8, 9.5, 8.5, _DARK)
        pen.ellipse(x, -8, 4.2, 4.0, _METAL)


def _hammer(pen: Pen, colour: Colour, h: float) -> None:
    pen.rect(-5.5, -h + 14, 5.5, 0, _WOOD, 4)
    pen.glow(-2, -20, 1.5, 20, _WHITE, 0.3)
    pen.rect(-28, -h, 20, -h + 22, colour, 4)
    pen.polygon([(18, -h + 2), (31, -h + 7), (31, -h + 11), (18, -h + 20)], colour)
    pen.rect(-31, -h - 2, -22, -h + 24, darker(colour, 0.3), 2)
    pen.glow(-4, -h + 5, 20, 3, _WHITE, 0.45)
    pen.rect(-6.5, -14, 6.5, 0, _DARK, 3)


def _star(pen: Pen, colour: Colour, h: float) -> None:
    def corners(radius: float) -> list[Point]:
        angles = np.radians(np.arange(10) * 36 - 90)
        radii = np.where(np.arange(10) % 2 == 0, 1.0, 0.48) * radius
        return [
            (float(r * np.cos(a)), float(-h * 0.5 + 2 + r * np.sin(a)))
            for r, a in zip(radii, angles, strict=True)
        ]

    pen.polygon(corners(h * 0.56), darker(colour, 0.3))
    pen.polygon(corners(h * 0.47), colour)
    pen.glow(-6, -h * 0.58, 8, 6, _WHITE, 0.5)
    pen.glow(6, -h * 0.3, 12, 8, (0, 0, 0), 0.2)


def _duck(pen: Pen, colour: Colour, h: float) -> None:
    pen.polygon([(-34, -30), (-14, -24), (-10, -6), (-26, -6)], darker(colour, 0.12))
    pen.ellipse(-4, -15, 27, 16, colour)
    pen.ellipse(14, -h + 14, 15, 14, colour)
    pen.glow(-4, -5, 24, 6, (0, 0, 0), 0.3)
    pen.polygon([(26, -h + 12), (39, -h + 18), (26, -h + 22)], (255, 138, 20))
    pen.ellipse(-8, -17, 13, 7.5, darker(colour, 0.22), -12)
    pen.ellipse(18, -h + 10, 3.4, 3.8, _WHITE)
    pen.ellipse(19, -h + 10, 2.0, 2.4, (20, 20, 24))
    pen.glow(9, -h + 7, 6, 4, _WHITE, 0.5)


def _erase(pen: Pen, x: float, y: float, radius: float) -> None:
    hole = Pen(40, 72, 40, 8)
    hole.ellipse(x, y, radius, radius, _WHITE)
    pen.canvas[hole.canvas[:, :, 3] > 127] = 0


_DRAW: dict[str, Callable[[Pen, Colour, float], None]] = {
    "cup": _cup,
    "ball": _ball,
    "bottle": _bottle,
    "book": _book,
    "car": _car,
    "hammer": _hammer,
    "star": _star,
    "duck": _duck,
}
