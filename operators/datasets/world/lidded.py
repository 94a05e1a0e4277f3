"""Pictures of the containers that open: each draws its back and front layer at an openness of 0 to 1."""

from operators.datasets.world.pen import Colour, Pen, darker, lighter

CANVAS = (56.0, 136.0, 56.0, 16.0)
"""Extent of a container's picture around its foot, units: left, up, right, down."""

_INSIDE: Colour = (16, 13, 14)
_WHITE: Colour = (255, 255, 255)
_BLACK: Colour = (0, 0, 0)


def draw_drawer(back: Pen, front: Pen, openness: float) -> None:
    """A white cabinet whose drawer comes forward."""
    paint: Colour = (226, 232, 234)
    out = 30.0 * openness
    back.rect(-42, -86, 42, 0, darker(paint, 0.12))
    back.polygon([(-42, -86), (42, -86), (36, -102), (-36, -102)], lighter(paint, 0.35))
    back.rect(-36, -78, 36, -10, darker(paint, 0.3))
    back.rect(-34, -76, 34, -12, _INSIDE)
    back.glow(36, -40, 10, 46, _BLACK, 0.25)
    grow = 1 + 0.08 * openness
    x, top, bottom = 35 * grow, -76 + out, -76 + out + 62 * grow
    for pen in (back, front):
        pen.polygon([(-34, -70), (-x, top + 3), (-x, top + 9), (-34, -60)], darker(paint, 0.4))
        pen.polygon([(34, -70), (x, top + 3), (x, top + 9), (34, -60)], darker(paint, 0.45))
        pen.rect(-x, top, x, bottom, paint, 2)
        pen.rect(-x + 5, top + 6, x - 5, bottom - 6, darker(paint, 0.08), 2)
        pen.rect(-x, top, x, top + 3, _WHITE)
        pen.rect(-13, top + 26, 13, top + 34, (88, 92, 100), 3)
        pen.rect(-13, top + 26, 13, top + 29, (150, 154, 160), 1.5)


def draw_box(back: Pen, front: Pen, openness: float) -> None:
    """A cardboard box whose lid turns up at its back."""
    card: Colour = (196, 150, 98)
    lid_y, lid_x = -62 - 56 * openness, 39 - 4 * openness
    back.polygon([(-38, -62), (38, -62), (33, -86), (-33, -86)], _INSIDE)
    shut: Colour = lighter(card, 0.22)
    under: Colour = darker(card, 0.18)
    back.polygon([(-33, -86), (33, -86), (lid_x, lid_y), (-lid_x, lid_y)], under if lid_y < -86 else shut)
    if openness > 0.5:
        back.line([(-lid_x, lid_y), (lid_x, lid_y)], 2.5, shut)
    for pen in (back, front):
        pen.rect(-38, -62, 38, 0, card)
        pen.rect(-38, -62, 38, -59, lighter(card, 0.3))
        pen.glow(30, -30, 14, 34, _BLACK, 0.22)
        pen.rect(-30, -22, -12, -8, darker(card, 0.35))
        pen.rect(-28, -20, -14, -10, card)
        pen.line([(14, -10), (14, -20), (11, -17)], 1.8, darker(card, 0.45))
        pen.line([(24, -10), (24, -20), (21, -17)], 1.8, darker(card, 0.45))
    if openness < 0.5:
        back.rect(-lid_x, lid_y, lid_x, lid_y + 10, lighter(card, 0.1))
        back.rect(-7, lid_y - 22 * (1 - openness), 7, lid_y + 22, (226, 206, 160))


def draw_pot(back: Pen, front: Pen, openness: float) -> None:
    """A steel pot whose lid is lifted and leant behind it."""
    metal: Colour = (150, 158, 168)
    lid_x, lid_y, tilt = 10 * openness, -66 - 34 * openness, -24 * openness
    if openness > 0.5:
        _pot_lid(back, lid_x, lid_y, tilt)
    for pen in (back, front):
        for side in (-1, 1):
            pen.line(
                [(side * 36, -46), (side * 47, -48), (side * 47, -36), (side * 36, -34)], 5, (52, 54, 60)
            )
        pen.polygon([(-38, -62), (38, -62), (36, -10), (28, 0), (-28, 0), (-36, -10)], metal)
        pen.glow(-18, -34, 7, 26, _WHITE, 0.75)
        pen.glow(6, -34, 4, 26, _WHITE, 0.3)
        pen.glow(34, -30, 8, 30, _BLACK, 0.45)
        pen.glow(-38, -30, 5, 30, _BLACK, 0.35)
    back.ellipse(0, -62, 39, 12.5, lighter(metal, 0.5))
    back.ellipse(0, -61.5, 36, 10.5, _INSIDE)
    front.ellipse(0, -62, 39, 12.5, lighter(metal, 0.5), arc=(0, 180))
    _cut_ellipse(front, -61.5, 36, 10.5)
    if openness <= 0.5:
        _pot_lid(back, lid_x, lid_y, tilt)


def _pot_lid(pen: Pen, x: float, y: float, tilt: float) -> None:
    lid: Colour = (120, 128, 140)
    pen.ellipse(x, y + 2, 40, 12, lighter(lid, 0.45), tilt)
    pen.ellipse(x, y - 2, 38, 14, lid, tilt)
    pen.glow(x - 12, y - 6, 12, 4, _WHITE, 0.7, tilt)
    pen.rect(x - 4, y - 20, x + 4, y - 12, (40, 42, 48))
    pen.ellipse(x, y - 22, 9, 6, (40, 42, 48))


def draw_chest(back: Pen, front: Pen, openness: float) -> None:
    """A wooden chest with gold bands and a round lid."""
    wood: Colour = (112, 46, 34)
    gold: Colour = (222, 172, 70)
    lift = 36.0 * openness
    back.polygon([(-42, -50), (42, -50), (36, -76), (-36, -76)], _INSIDE)
    if openness > 0.5:
        back.ellipse(0, -74 - lift * 0.2, 39, lift, darker(wood, 0.45), arc=(180, 360))
        back.ellipse(0, -74 - lift * 0.2, 43, lift + 4, wood, arc=(180, 360))
        back.ellipse(0, -74 - lift * 0.2, 36, lift - 4, darker(wood, 0.6), arc=(180, 360))
        back.line([(-36, -78), (36, -78)], 2, gold)
    for pen in (back, front):
        pen.rect(-42, -50, 42, 0, wood)
        pen.glow(34, -24, 14, 30, _BLACK, 0.35)
        pen.glow(-20, -44, 22, 4, _WHITE, 0.25)
        pen.rect(-42, -52, 42, -47, gold)
        pen.rect(-42, -5, 42, 0, darker(gold, 0.3))
        for x in (-32, 25):
            pen.rect(x, -50, x + 7, 0, gold)
    if openness <= 0.5:
        y = -50 - 24 * openness
        back.ellipse(0, y, 43, 36 - 16 * openness, wood, arc=(180, 360))
        back.glow(-10, y - 24, 22, 6, _WHITE, 0.35)
        back.rect(-43, y - 4, 43, y + 1, gold)
        for x in (-32, 25):
            back.polygon([(x, y), (x + 7, y), (x + 5, y - 28), (x + 1, y - 28)], gold)
        back.rect(-8, y - 8, 8, y + 10, gold, 2)
        back.ellipse(0, y + 1, 2.6, 3.4, _INSIDE)


def _cut_ellipse(pen: Pen, y: float, rx: float, ry: float) -> None:
    hole = Pen(*CANVAS)
    hole.ellipse(0, y, rx, ry, _WHITE)
    pen.canvas[hole.canvas[:, :, 3] > 127] = 0
