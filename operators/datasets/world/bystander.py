"""What bystanders do without anybody narrating it. Their hands come from above, at times of their own."""

from random import Random

from operators.datasets.world.geometry import (
    ABOVE_Y,
    GRIP_ABOVE,
    HOVER,
    LID_Y,
    MOUTH_Y,
    PLACE_X,
    SLOT_X,
    SLOT_Y,
    thing_height,
)
from operators.datasets.world.hand_track import Act, Pose
from operators.datasets.world.stage import Stage, container_target, slot_target
from operators.datasets.world.vocabulary import LIDDED, NOTHING, SHELF

SHOWN_S = (1.1, 1.8)
"""How long a thing is held over the open container that it will disappear in: what makes it learnable."""


class Bystander:
    """Plays silent acts with the stage's other hands; each returns when it is over."""

    def __init__(self, stage: Stage, rng: Random) -> None:
        self.stage, self.hand, self.helper, self.rng = stage, stage.other, stage.helper, rng

    @property
    def free_from_s(self) -> float:
        """When the last act is over."""
        return self.hand.now_s

    def hide(self, start_s: float, place: int, thing: int) -> float:
        """Put a thing into a container with a dark inside, opening and closing it if it is closed.

        Returns:
            When the thing was last visible, seconds.
        """
        kind = self.stage.kinds[place]
        x, mouth_y = self.stage.point(place, MOUTH_Y[kind])
        hover_y = mouth_y - HOVER - thing_height(thing) + GRIP_ABOVE
        self._enter(start_s, x, thing)
        was_closed = kind in LIDDED and self.stage.lids[place].last < 0.5
        self.hand.go(x, hover_y - 14, 0.6)
        if was_closed:
            self._lift_lid(place, kind)
        self.hand.look(Pose.HOLD, Act.CARRY, thing=thing, target=container_target(kind), held=True)
        self.hand.go(x + self.rng.uniform(-3, 3), hover_y, 0.4)
        self.hand.go(x, hover_y + self.rng.uniform(-3, 3), self.rng.uniform(*SHOWN_S) - 0.4)
        self.hand.go(x, mouth_y - GRIP_ABOVE, 0.45, depth=1.0)
        seen_s = self.hand.now_s
        self.stage.contents[place].put(seen_s, thing)
        self.hand.depth = 0.0
        self.hand.look(Pose.REACH, Act.REACH, target=container_target(kind))
        self.hand.wait(0.2)
        self._leave(x)
        if was_closed:
            self._drop_lid(place, kind, seen_s + 0.4)
        return seen_s

    def lay_down(self, start_s: float, slot: int, thing: int) -> None:
        """Put a thing into an empty slot."""
        self._lay(start_s, SLOT_X[slot], SLOT_Y, slot_target(slot), thing)
        self.stage.slots[slot].put(self.hand.now_s, thing)
        self._leave(SLOT_X[slot])

    def shelve(self, start_s: float, place: int, thing: int) -> None:
        """Put a thing on the shelf."""
        x, y = self.stage.point(place, MOUTH_Y[SHELF])
        self._lay(start_s, x, y, container_target(SHELF), thing)
        self.stage.shelf.put(self.hand.now_s, thing)
        self._leave(x)

    def gesture(self, start_s: float) -> None:
        """Wave an empty hand or point somewhere over the containers."""
        x = self.rng.uniform(PLACE_X[0], PLACE_X[-1])
        y = self.rng.uniform(20, 70)
        self.hand.wait_until(start_s)
        self.hand.look(self.rng.choice((Pose.OPEN, Pose.POINT, Pose.RELAXED)), Act.GESTURE)
        self.hand.go(x, ABOVE_Y, 0.0)
        self.hand.go(x, y, 0.6)
        for _ in range(self.rng.randint(1, 6)):
            self.hand.go(x + self.rng.uniform(-22, 22), y + self.rng.uniform(-8, 8), 0.4)
        self._leave(x)

    def show(self, start_s: float, thing: int) -> None:
        """Hold a thing over the back of the bench and take it away again."""
        x = self.rng.uniform(PLACE_X[0], PLACE_X[-1])
        self._enter(start_s, x, thing)
        self.hand.go(x, 10.0, 0.6)
        self.hand.go(x + self.rng.uniform(-50, 50), 16.0, self.rng.uniform(0.8, 1.6))
        self.hand.go(self.hand.x, ABOVE_Y, 0.6)
        self._gone()

    def _enter(self, start_s: float, x: float, thing: int) -> None:
        self.hand.wait_until(start_s)
        self.hand.look(Pose.HOLD, Act.CARRY, thing=thing, held=True)
        self.hand.go(x, ABOVE_Y, 0.0)

    def _lay(self, start_s: float, x: float, y: float, target: int, thing: int) -> None:
        grip_y = y - thing_height(thing) + GRIP_ABOVE
        self._enter(start_s, x, thing)
        self.hand.go(x, grip_y - 20, 0.9)
        self.hand.look(Pose.HOLD, Act.CARRY, thing=thing, target=target, held=True)
        self.hand.go(x, grip_y, 0.4)
        self.hand.wait(self.rng.uniform(0.2, 0.5))

    def _lift_lid(self, place: int, kind: int) -> None:
        start_s = self.hand.now_s
        x, closed_y = self.stage.point(place, LID_Y[kind][0])
        open_y = self.stage.point(place, LID_Y[kind][1])[1]
        side = -34.0 if place > 1 else 34.0
        self.helper.wait_until(start_s - 0.5)
        self.helper.look(Pose.HOLD, Act.LID)
        self.helper.go(x + side, ABOVE_Y, 0.0)
        self.helper.go(x + side, closed_y - 10, 0.5)
        self.stage.lids[place].ramp(self.helper.now_s, self.helper.now_s + 0.45, 1.0)
        self.helper.go(x + side, open_y - 6, 0.45)
        self.hand.wait_until(self.helper.now_s)

    def _drop_lid(self, place: int, kind: int, start_s: float) -> None:
        x, closed_y = self.helper.x, self.stage.point(place, LID_Y[kind][0])[1]
        self.helper.wait_until(start_s)
        self.stage.lids[place].ramp(self.helper.now_s, self.helper.now_s + 0.4, 0.0)
        self.helper.go(x, closed_y - 10, 0.4)
        self.helper.look(Pose.RELAXED, Act.MOVE)
        self.helper.go(x, ABOVE_Y, 0.5)
        self.helper.look(Pose.RELAXED, Act.REST)
        self.helper.wait(0.0)
        self.hand.wait_until(self.helper.now_s)

    def _leave(self, x: float) -> None:
        self.hand.look(Pose.RELAXED, Act.MOVE)
        self.hand.go(x, ABOVE_Y, 0.6)
        self._gone()

    def _gone(self) -> None:
        self.hand.look(Pose.RELAXED, Act.REST, thing=NOTHING)
        self.hand.wait(0.0)
