"""Draws a moment of a video: containers and things as they stand, then hands over them."""

from functools import lru_cache
from random import Random

import cv2
import numpy as np

from operators.datasets.world.background import paint_background
from operators.datasets.world.containers import LID_STEPS, container_sprites
from operators.datasets.world.geometry import (
    GRIP_ABOVE,
    GRIP_BELOW,
    MARGIN,
    MOUTH_Y,
    PICTURE,
    PLACE_X,
    PLACE_Y,
    SLOT_X,
    SLOT_Y,
    thing_height,
)
from operators.datasets.world.hands import MAIN_SLEEVES, OTHER_SLEEVES, SKINS, grip_sprite, hand_sprite
from operators.datasets.world.sprites import Image, blit
from operators.datasets.world.stage import Stage
from operators.datasets.world.things import thing_sprite
from operators.datasets.world.tracks import Act, HandKey, Pose
from operators.datasets.world.vocabulary import NOTHING, SHELF, SINK


class SceneDrawer:
    """Draws one video at one size; keeps the still parts that it drew last."""

    def __init__(self, seed: int, stage: Stage, size: int) -> None:
        self._stage, self._size = stage, size
        self._scale = size / PICTURE
        self._background = paint_background(seed, size)
        rng = Random(seed * 15_485_863 + 3)
        self._main_look = (rng.randrange(len(SKINS)), rng.randrange(len(MAIN_SLEEVES)))
        self._other_look = (rng.randrange(len(SKINS)), rng.randrange(len(OTHER_SLEEVES)))
        self._standing = lru_cache(maxsize=4)(self._draw_standing)

    def draw(self, time_s: float) -> Image:
        """Drawing uint8 [H, W, 3] of a moment, with the margin around the picture."""
        stage = self._stage
        lids = tuple(round(track.at(time_s) * LID_STEPS) for track in stage.lids)
        shakes = tuple(round(track.at(time_s) * 2) / 2 for track in stage.shakes)
        things = (*(track.at(time_s) for track in stage.slots), stage.shelf.at(time_s))
        image = self._standing(lids, shakes, things).copy()
        for track, is_other in ((stage.helper, True), (stage.other, True), (stage.main, False)):
            self._draw_hand(image, track.at(time_s), is_other, lids, shakes, time_s)
        return image

    def _draw_standing(
        self, lids: tuple[int, ...], shakes: tuple[float, ...], things: tuple[int, ...]
    ) -> Image:
        image = self._background.copy()
        for place, kind in enumerate(self._stage.kinds):
            sprite = container_sprites(kind, lids[place], self._size)[0]
            x = PLACE_X[place] + shakes[place]
            blit(image, sprite, *self._pixel(x + 7, PLACE_Y + 5), shadow=0.42)
            blit(image, sprite, *self._pixel(x, PLACE_Y))
            if kind == SHELF and things[-1] != NOTHING:
                self._draw_thing(image, things[-1], x, PLACE_Y + MOUTH_Y[SHELF])
        for slot, thing in enumerate(things[:-1]):
            if thing != NOTHING:
                self._draw_thing(image, thing, SLOT_X[slot], SLOT_Y)
        return image

    def _draw_hand(
        self,
        image: Image,
        hand: HandKey,
        is_other: bool,
        lids: tuple[int, ...],
        shakes: tuple[float, ...],
        time_s: float,
    ) -> None:
        if not -88 < hand.y < 450:
            return
        skin, sleeve = self._other_look if is_other else self._main_look
        lean = (hand.x - PICTURE / 2) * (0.05 if is_other else -0.07)
        if hand.pose is Pose.PUSH_RIGHT:
            lean += 48
        elif hand.pose is Pose.PUSH_LEFT:
            lean -= 48
        x, y = self._pixel(hand.x, hand.y)
        sprite = hand_sprite(hand.pose, skin, sleeve, is_other, self._size)
        blit(image, sprite, x + 9 * self._scale, y + 7 * self._scale, lean, shadow=0.3, mirror=is_other)
        if hand.held and hand.pose in {Pose.PUSH_LEFT, Pose.PUSH_RIGHT}:
            side = 38 if hand.pose is Pose.PUSH_RIGHT else -38
            self._draw_thing(image, hand.thing, hand.x + side, SLOT_Y)
        if hand.act is Act.RINSE:
            self._draw_water(image, hand, time_s)
        blit(image, sprite, x, y, lean, mirror=is_other)
        if hand.held and hand.pose is Pose.HOLD:
            self._draw_held(image, hand, is_other, lids, shakes)
        if hand.pose is Pose.HOLD:
            blit(image, grip_sprite(skin, self._size), x, y, lean, mirror=is_other)
        if hand.act is Act.KNOCK:
            self._draw_knock(image, hand)

    def _draw_held(
        self, image: Image, hand: HandKey, is_other: bool, lids: tuple[int, ...], shakes: tuple[float, ...]
    ) -> None:
        height = thing_height(hand.thing)
        foot_y = hand.y + (height - GRIP_ABOVE if is_other else GRIP_BELOW)
        if hand.depth <= 0:
            blit(image, thing_sprite(hand.thing, self._size), *self._pixel(hand.x, foot_y))
            return
        place = int(np.argmin([abs(hand.x - x) for x in PLACE_X]))
        kind = self._stage.kinds[place]
        sink_y = foot_y + hand.depth * (0 if is_other else height - 6)
        blit(image, thing_sprite(hand.thing, self._size), *self._pixel(hand.x, sink_y))
        front = container_sprites(kind, lids[place], self._size)[1]
        blit(image, front, *self._pixel(PLACE_X[place] + shakes[place], PLACE_Y))

    def _draw_thing(self, image: Image, thing: int, x: float, y: float) -> None:
        sprite = thing_sprite(thing, self._size)
        blit(image, sprite, *self._pixel(x + 6, y + 3), shadow=0.4)
        blit(image, sprite, *self._pixel(x, y))

    def _draw_water(self, image: Image, hand: HandKey, time_s: float) -> None:
        place = self._stage.place_of(SINK)
        x0, y0 = self._pixel(PLACE_X[place], PLACE_Y - 84)
        x1, y1 = self._pixel(hand.x, hand.y - 30)
        thickness = max(2, round((7 + np.sin(time_s * 21)) * self._scale))
        self._line(image, (x0, y0), (x1, y1), (206, 232, 246), thickness)

    def _draw_knock(self, image: Image, hand: HandKey) -> None:
        for dx, dy in ((-30, -14), (-17, -27), (17, -27), (30, -14)):
            start = self._pixel(hand.x + dx, hand.y + dy)
            end = self._pixel(hand.x + dx * 1.45, hand.y + dy * 1.45)
            self._line(image, start, end, (255, 250, 214), max(1, round(4 * self._scale)))

    def _line(
        self,
        image: Image,
        start: tuple[float, float],
        end: tuple[float, float],
        colour: tuple[int, int, int],
        thickness: int,
    ) -> None:
        points = [tuple(round(float(v) * 16) for v in point) for point in (start, end)]
        cv2.line(image, points[0], points[1], colour, thickness, cv2.LINE_AA, 4)

    def _pixel(self, x: float, y: float) -> tuple[float, float]:
        return (x + MARGIN) * self._scale, (y + MARGIN) * self._scale
