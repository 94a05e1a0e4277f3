"""Pictures of hands and arms in every pose, and the fingers that lie over a held thing."""

from functools import lru_cache

from operators.datasets.world.hand_track import Pose
from operators.datasets.world.pen import Colour, Pen, Point, darker, lighter
from operators.datasets.world.sprites import Sprite

SKINS: tuple[Colour, ...] = ((244, 204, 172), (224, 172, 132), (178, 122, 84), (128, 84, 58))
MAIN_SLEEVES: tuple[Colour, ...] = ((44, 50, 62), (62, 48, 44), (38, 62, 62))
"""Sleeves of the narrated hand: dark."""
OTHER_SLEEVES: tuple[Colour, ...] = ((236, 234, 226), (214, 220, 228), (228, 214, 196))
"""Sleeves of bystanders: pale, with stripes."""

_CUFF: Colour = (240, 240, 238)
_ARM_LENGTH = 400.0


@lru_cache(maxsize=512)
def hand_sprite(pose: Pose, skin: int, sleeve: int, bystander: bool, size: int) -> Sprite:
    """A hand that reaches upwards with its arm; the anchor is the point at which it grips."""
    pen = Pen(48, 56, 48, _ARM_LENGTH)
    tone = SKINS[skin]
    _arm(pen, tone, (OTHER_SLEEVES if bystander else MAIN_SLEEVES)[sleeve], bystander)
    if pose is Pose.OPEN:
        _fingers(
            pen, tone, ((-17, -18), (-6, -28), (6, -28), (17, -19)), ((-13, 22), (-5, 18), (4, 18), (12, 22))
        )
        _finger(pen, tone, ((18, 34), (29, 16)), 11)
    elif pose in {Pose.RELAXED, Pose.PUSH_LEFT, Pose.PUSH_RIGHT}:
        _fingers(pen, tone, ((-12, 0), (-4, -6), (4, -6), (12, 0)), ((-12, 22), (-4, 18), (4, 18), (12, 22)))
        _finger(pen, tone, ((16, 36), (19, 18)), 10)
    elif pose is Pose.POINT:
        _finger(pen, tone, ((-5, 20), (-5, -30)), 11)
        _knuckles(pen, tone)
    elif pose is Pose.HOLD:
        _fingers(pen, tone, ((-24, 4), (-14, -4), (-4, -6)), ((-16, 26), (-10, 20), (-3, 18)))
    elif pose is Pose.REACH:
        dark: Colour = (30, 24, 22)
        _fingers(pen, dark, ((-12, 2), (-4, -2), (4, -2), (12, 2)), ((-12, 18), (-4, 14), (4, 14), (12, 18)))
    elif pose is Pose.CLOTH:
        _cloth(pen)
        _knuckles(pen, tone)
    else:
        _knuckles(pen, tone)
    return pen.sprite(size)


@lru_cache(maxsize=64)
def grip_sprite(skin: int, size: int) -> Sprite:
    """The fingers and the thumb that close over a held thing."""
    pen = Pen(48, 40, 48, 64)
    tone = SKINS[skin]
    _finger(pen, tone, ((18, 34), (25, 12), (15, 0)), 11)
    _finger(pen, tone, ((-20, 20), (-22, 4), (-13, 1)), 9)
    _finger(pen, tone, ((-17, 28), (-19, 14), (-9, 11)), 9)
    return pen.sprite(size)


def _arm(pen: Pen, skin: Colour, sleeve: Colour, bystander: bool) -> None:
    pen.polygon([(-13, 44), (13, 44), (15, 80), (-15, 80)], darker(skin, 0.08))
    pen.polygon([(-21, 72), (21, 72), (30, _ARM_LENGTH), (-30, _ARM_LENGTH)], sleeve)
    if bystander:
        for y in range(92, int(_ARM_LENGTH), 26):
            pen.polygon([(-22, y), (22, y), (23, y + 8), (-23, y + 8)], darker(sleeve, 0.42))
    else:
        pen.rect(-22, 68, 22, 80, _CUFF, 4)
    pen.glow(-14, 230, 7, 190, (255, 255, 255), 0.16)
    pen.glow(24, 230, 12, 190, (0, 0, 0), 0.4)
    pen.rect(-20, 14, 20, 54, skin, 14)
    pen.glow(16, 38, 7, 18, darker(skin, 0.5), 0.35)
    pen.glow(-8, 30, 9, 10, (255, 255, 255), 0.2)


def _fingers(pen: Pen, skin: Colour, tips: tuple[Point, ...], roots: tuple[Point, ...]) -> None:
    for tip, root in zip(tips, roots, strict=True):
        _finger(pen, skin, (root, tip), 10)


def _finger(pen: Pen, skin: Colour, points: tuple[Point, ...], width: float) -> None:
    pen.line(points, width, darker(skin, 0.32))
    pen.line(points, width - 2.4, skin)
    tip = points[-1]
    pen.ellipse(tip[0], tip[1] - 1, width * 0.24, width * 0.3, lighter(skin, 0.4))


def _knuckles(pen: Pen, skin: Colour) -> None:
    pen.rect(-22, -4, 22, 36, darker(skin, 0.25), 13)
    pen.rect(-20.5, -2, 20.5, 34, skin, 12)
    for x in (-14, -5, 5, 14):
        pen.ellipse(x, 4, 5.2, 7.5, darker(skin, 0.18))
        pen.ellipse(x - 0.6, 3, 4.4, 6.4, lighter(skin, 0.12))
    _finger(pen, skin, ((20, 30), (8, 20), (-6, 20)), 11)


def _cloth(pen: Pen) -> None:
    pen.polygon(
        [(-42, -8), (-20, -22), (12, -20), (40, -12), (44, 14), (30, 30), (-30, 30), (-46, 14)],
        (226, 226, 222),
    )
    for x in (-30, -10, 10, 30):
        pen.line([(x, -18), (x + 3, 28)], 4, (120, 126, 134))
    for y in (-8, 10):
        pen.line([(-42, y), (42, y + 2)], 4, (120, 126, 134))
    pen.glow(10, 14, 30, 10, (0, 0, 0), 0.2)
