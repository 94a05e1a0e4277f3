"""Pictures of the containers at any degree of openness, in two layers.

The back layer holds body, dark inside and lid, the front layer what lies before a thing that is going in.
"""

from functools import lru_cache

from operators.datasets.world.lidded import CANVAS, draw_box, draw_chest, draw_drawer, draw_pot
from operators.datasets.world.pen import Colour, Pen, darker, lighter
from operators.datasets.world.sprites import Sprite
from operators.datasets.world.vocabulary import BOX, CHEST, DRAWER, POT, SINK

LID_STEPS = 12
"""Openness is drawn in this many steps."""

_WHITE: Colour = (255, 255, 255)
_BLACK: Colour = (0, 0, 0)


_FOAM: Colour = (232, 240, 244)


@lru_cache(maxsize=16)
def foam_sprite(size: int) -> Sprite:
    """Foam around a hand that reaches into the sink; the anchor is the hand's grip."""
    pen = Pen(40, 24, 40, 32)
    for x, y, r in (
        (-20, 8, 9),
        (20, 9, 9),
        (-11, -2, 11),
        (10, -3, 11),
        (0, 3, 12),
        (-8, 12, 8),
        (9, 13, 8),
    ):
        pen.ellipse(x, y, r, r * 0.72, _FOAM)
        pen.ellipse(x - 2, y - 2, r * 0.5, r * 0.34, _WHITE)
    return pen.sprite(size)


@lru_cache(maxsize=2048)
def container_sprites(kind: int, lid_step: int, size: int) -> tuple[Sprite, Sprite]:
    """Back and front layer of a container; the anchor is the middle of its foot.

    Args:
        kind: Index of the container.
        lid_step: Openness, 0 to LID_STEPS.
        size: Size of the frames, pixels.
    """
    back, front = Pen(*CANVAS), Pen(*CANVAS)
    openness = lid_step / LID_STEPS
    if kind == DRAWER:
        draw_drawer(back, front, openness)
    elif kind == BOX:
        draw_box(back, front, openness)
    elif kind == POT:
        draw_pot(back, front, openness)
    elif kind == CHEST:
        draw_chest(back, front, openness)
    elif kind == SINK:
        _sink(back, front)
    else:
        _shelf(back)
    return back.sprite(size), front.sprite(size)


def _sink(back: Pen, front: Pen) -> None:
    steel: Colour = (192, 200, 206)
    back.rect(-6, -104, 6, -58, darker(steel, 0.25), 3)
    back.line([(0, -100), (0, -106), (0, -104)], 11, darker(steel, 0.2))
    back.polygon([(-5, -108), (5, -108), (7, -84), (-7, -84)], lighter(steel, 0.25))
    back.glow(-2, -90, 2, 16, _WHITE, 0.8)
    back.ellipse(-20, -64, 8, 5, (200, 60, 60))
    back.ellipse(20, -64, 8, 5, (60, 90, 200))
    back.rect(-46, -60, 46, 4, lighter(steel, 0.25), 12)
    back.rect(-40, -54, 40, -4, darker(steel, 0.35), 12)
    back.ellipse(0, -28, 38, 22, (54, 84, 96))
    for x, y, r in (
        (-22, -32, 9),
        (-10, -22, 11),
        (6, -30, 12),
        (22, -24, 10),
        (14, -16, 8),
        (-26, -20, 7),
        (0, -38, 8),
    ):
        back.ellipse(x, y, r, r * 0.72, _FOAM)
        back.ellipse(x - 2, y - 2, r * 0.5, r * 0.34, _WHITE)
    back.glow(-30, -57, 14, 2, _WHITE, 0.9)
    front.rect(-46, -14, 46, 4, lighter(steel, 0.25), 8)
    front.rect(-40, -14, 40, -4, darker(steel, 0.35), 4)
    for x, y, r in ((-22, -18, 9), (-8, -16, 10), (8, -18, 11), (22, -18, 9)):
        front.ellipse(x, y, r, r * 0.72, _FOAM)


def _shelf(back: Pen) -> None:
    wood: Colour = (84, 62, 46)
    back.rect(-44, -124, 44, 0, darker(wood, 0.1))
    back.rect(-38, -118, 38, -7, (236, 226, 204))
    back.glow(0, -118, 40, 8, _BLACK, 0.4)
    back.glow(-38, -50, 6, 50, _BLACK, 0.25)
    back.rect(-44, -84, 44, -77, wood)
    back.glow(0, -74, 38, 5, _BLACK, 0.35)
    back.rect(-44, -7, 44, 0, wood)
    back.rect(-44, -124, 44, -118, lighter(wood, 0.12))
    for x, tone in ((-24, 150), (-2, 120), (20, 170)):
        back.rect(x - 9, -108, x + 9, -84, (tone, tone, tone - 8), 3)
        back.rect(x - 7, -112, x + 7, -106, (70, 66, 62), 2)
