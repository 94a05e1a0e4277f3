"""Draws a moment of a video: what stands on the bench, then people behind it, then hands over it."""

from functools import lru_cache
from random import Random

from operators.datasets.world.background import paint_background
from operators.datasets.world.containers import LID_STEPS, container_sprites
from operators.datasets.world.geometry import (
    MARGIN,
    MOUTH_Y,
    PICTURE,
    PLACE_X,
    PLACE_Y,
    SLOT_X,
    SLOT_Y,
)
from operators.datasets.world.hand_drawer import HandDrawer
from operators.datasets.world.hands import MAIN_SLEEVES, OTHER_SLEEVES, SKINS
from operators.datasets.world.passers import Passers
from operators.datasets.world.sprites import Image, blit
from operators.datasets.world.stage import Stage
from operators.datasets.world.vocabulary import NOTHING, SHELF


class SceneDrawer:
    """Draws one video at one size; keeps the still parts that it drew last."""

    def __init__(self, seed: int, stage: Stage, size: int) -> None:
        self._stage, self._size, self._scale = stage, size, size / PICTURE
        self._background = paint_background(seed, size)
        self._passers = Passers(seed, size)
        rng = Random(seed * 15_485_863 + 3)
        main = (rng.randrange(len(SKINS)), rng.randrange(len(MAIN_SLEEVES)))
        other = (rng.randrange(len(SKINS)), rng.randrange(len(OTHER_SLEEVES)))
        self._main = HandDrawer(*main, False, stage.kinds, size)
        self._other = HandDrawer(*other, True, stage.kinds, size)
        self._standing = lru_cache(maxsize=4)(self._draw_standing)

    def draw(self, time_s: float) -> Image:
        """Drawing uint8 [H, W, 3] of a moment, with the margin around the picture."""
        stage = self._stage
        lids = tuple(round(track.at(time_s) * LID_STEPS) for track in stage.lids)
        shakes = tuple(round(track.at(time_s) * 2) / 2 for track in stage.shakes)
        things = (*(track.at(time_s) for track in stage.slots), stage.shelf.at(time_s))
        image = self._standing(lids, shakes, things).copy()
        self._passers.draw(image, time_s)
        for drawer, track in (
            (self._other, stage.helper),
            (self._other, stage.other),
            (self._main, stage.main),
        ):
            drawer.draw(image, track.at(time_s), lids, shakes)
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
                self._main.draw_thing(image, things[-1], x, PLACE_Y + MOUTH_Y[SHELF])
        for slot, thing in enumerate(things[:-1]):
            if thing != NOTHING:
                self._main.draw_thing(image, thing, SLOT_X[slot], SLOT_Y)
        return image

    def _pixel(self, x: float, y: float) -> tuple[float, float]:
        return (x + MARGIN) * self._scale, (y + MARGIN) * self._scale
