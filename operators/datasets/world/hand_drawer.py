"""Draws a hand with what it holds, shakes or wets over a picture."""

import cv2
import numpy as np

from operators.datasets.world.containers import container_sprites, foam_sprite
from operators.datasets.world.geometry import (
    ABOVE_Y,
    BELOW_Y,
    GRIP_ABOVE,
    GRIP_BELOW,
    MARGIN,
    MOUTH_Y,
    PICTURE,
    PLACE_X,
    PLACE_Y,
    PUSH_REACH,
    SLOT_Y,
    thing_height,
)
from operators.datasets.world.hand_track import Act, HandKey, Pose
from operators.datasets.world.hands import grip_sprite, hand_sprite
from operators.datasets.world.sprites import Image, blit
from operators.datasets.world.stage import container_target
from operators.datasets.world.things import thing_sprite
from operators.datasets.world.vocabulary import SINK

_PUSHING = {Pose.PUSH_LEFT: -1, Pose.PUSH_RIGHT: 1}
_PUSH_LEAN_DEG = 48.0
_WATER = (206, 232, 246)
_SPARK = (255, 250, 214)
_INSIDE_UNITS = 20.0
"""How far below its opening a container certainly covers what goes in."""


class HandDrawer:
    """Draws one person's hands at one size.

    Args:
        skin: Index of the person's skin; likewise `sleeve`.
        is_bystander: The hand comes from above and has the other kind of sleeve.
        kinds: Kind of container in each place.
        size: Size of the frames, pixels.
    """

    def __init__(self, skin: int, sleeve: int, is_bystander: bool, kinds: tuple[int, ...], size: int) -> None:
        self._skin, self._sleeve, self._above = skin, sleeve, is_bystander
        self._kinds, self._size, self._scale = kinds, size, size / PICTURE

    def draw(self, image: Image, hand: HandKey, lids: tuple[int, ...], shakes: tuple[float, ...]) -> None:
        """Draw a hand as it is at one moment; `image` is changed.

        Args:
            image: Drawing uint8 [H, W, 3] with the margin around the picture.
            hand: The hand.
            lids: Openness of the container in each place, in steps.
            shakes: Shift of the container in each place, units.
        """
        if not ABOVE_Y + 4 < hand.y < BELOW_Y - 12:
            return
        x, y = self._pixel(hand.x, hand.y)
        lean = self._lean(hand)
        sprite = hand_sprite(hand.pose, self._skin, self._sleeve, self._above, self._size)
        shadow_x, shadow_y = self._pixel(hand.x + 9, hand.y + 7)
        blit(image, sprite, shadow_x, shadow_y, lean, shadow=0.3, mirror=self._above)
        if hand.held and hand.pose in _PUSHING:
            self.draw_thing(image, hand.thing, hand.x + PUSH_REACH * _PUSHING[hand.pose], SLOT_Y)
        blit(image, sprite, x, y, lean, mirror=self._above)
        if hand.pose is Pose.HOLD:
            if hand.held:
                self._draw_held(image, hand, lids, shakes)
            blit(image, grip_sprite(self._skin, self._size), x, y, lean, mirror=self._above)
        elif hand.pose is Pose.REACH and hand.target == container_target(SINK):
            blit(image, foam_sprite(self._size), x, y)
        if hand.act is Act.KNOCK:
            self._draw_sparks(image, hand)
        elif hand.act is Act.RINSE:
            self._draw_water(image, hand)

    def draw_thing(self, image: Image, thing: int, x: float, y: float) -> None:
        """Draw a thing that stands on something, with its shadow."""
        sprite = thing_sprite(thing, self._size)
        blit(image, sprite, *self._pixel(x + 6, y + 3), shadow=0.4)
        blit(image, sprite, *self._pixel(x, y))

    def _lean(self, hand: HandKey) -> float:
        if self._above:
            return (hand.x - PICTURE / 2) * 0.05
        return (hand.x - PICTURE / 2) * -0.07 + _PUSH_LEAN_DEG * _PUSHING.get(hand.pose, 0)

    def _draw_held(
        self, image: Image, hand: HandKey, lids: tuple[int, ...], shakes: tuple[float, ...]
    ) -> None:
        """Draw the held thing; the part that has gone into a container is hidden by the container's front."""
        height = thing_height(hand.thing)
        foot_y = hand.y + (height - GRIP_ABOVE if self._above else GRIP_BELOW)
        sprite = thing_sprite(hand.thing, self._size)
        if hand.depth <= 0:
            blit(image, sprite, *self._pixel(hand.x, foot_y))
            return
        place = int(np.argmin([abs(hand.x - x) for x in PLACE_X]))
        kind = self._kinds[place]
        if not self._above:
            foot_y += hand.depth * (height - 6)
        _, hidden_from_y = self._pixel(0, PLACE_Y + MOUTH_Y[kind] + _INSIDE_UNITS)
        blit(image[: round(hidden_from_y)], sprite, *self._pixel(hand.x, foot_y))
        front = container_sprites(kind, lids[place], self._size)[1]
        blit(image, front, *self._pixel(PLACE_X[place] + shakes[place], PLACE_Y))

    def _draw_water(self, image: Image, hand: HandKey) -> None:
        """A trembling stream from the tap onto the thing, and drops that spring off."""
        tap_x, splash_y = PLACE_X[self._kinds.index(SINK)], hand.y - 24
        width = 8.0 + 1.5 * float(np.sin(hand.time_s * 21))
        self._draw_line(image, (tap_x, PLACE_Y - 86), (tap_x, splash_y), _WATER, width)
        for number in range(6):
            spread = (hand.time_s * 3.1 + number / 6) % 1.0
            side = (number - 2.5) * 11
            x, y = tap_x + side * (0.4 + spread), splash_y - 14 * np.sin(np.pi * spread) + 16 * spread
            self._draw_line(image, (x, y), (x + side * 0.05, y + 2), _WATER, 3.4)

    def _draw_sparks(self, image: Image, hand: HandKey) -> None:
        """Strokes around the knuckles that show a knock, as comics draw them."""
        for dx, dy in ((-30, -14), (-17, -27), (17, -27), (30, -14)):
            start = (hand.x + dx, hand.y + dy)
            self._draw_line(image, start, (start[0] + dx * 0.45, start[1] + dy * 0.45), _SPARK, 4.0)

    def _draw_line(
        self,
        image: Image,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: tuple[int, int, int],
        width: float,
    ) -> None:
        (x0, y0), (x1, y1) = (
            np.round(np.array(self._pixel(*p)) * 16).astype(int).tolist() for p in (start, end)
        )
        thickness = max(1, round(width * self._scale))
        cv2.line(image, (x0, y0), (x1, y1), colour, thickness, cv2.LINE_AA, 4)

    def _pixel(self, x: float, y: float) -> tuple[float, float]:
        return (x + MARGIN) * self._scale, (y + MARGIN) * self._scale
