"""The narrated hand's activities: each method moves the hand through one of them and changes what it changes."""

from random import Random

from operators.datasets.world.geometry import (
    BELOW_Y,
    FRONT_Y,
    GRIP_BELOW,
    HOME_X,
    HOME_Y,
    LID_Y,
    MOUTH_Y,
    PLACE_Y,
    REST_Y,
    SLOT_X,
    SLOT_Y,
)
from operators.datasets.world.stage import BENCH_TARGET, Stage, container_target, slot_target
from operators.datasets.world.tracks import Act, Pose
from operators.datasets.world.vocabulary import NOTHING, SHELF, SINK

HOVER = 16.0
"""How far over an opening a thing is shown before it goes in, units."""


class Performer:
    """Plays activities with the stage's narrated hand, one after another.

    Every activity starts where the hand is (out of the picture if it has to fetch or leave something first) and
    ends when the hand, visibly done, has withdrawn.
    """

    def __init__(self, stage: Stage, rng: Random) -> None:
        self.stage, self.hand, self.rng = stage, stage.main, rng
        self.tempo = 1.0

    def rest(self, duration_s: float) -> None:
        """Pause; in a longer one the hand lays down what it holds out of the picture and rests at the edge."""
        end_s = self.hand.now_s + duration_s
        if duration_s >= 1.0 and self._occupied():
            self._leave(NOTHING, Pose.RELAXED)
        if duration_s >= 0.7:
            if not self._occupied():
                self.hand.look(Pose.RELAXED, Act.REST)
            self.hand.go(HOME_X + self.rng.uniform(-40, 40), REST_Y, 0.3)
        self.hand.wait_until(end_s)

    def pick(self, slot: int) -> None:
        """Pick up the thing in a slot and bring it home."""
        thing = self.stage.slots[slot].last
        self._fetch(NOTHING)
        self._approach(SLOT_X[slot], SLOT_Y - GRIP_BELOW, Pose.OPEN, slot_target(slot))
        self._spend(0.25, 0.6)
        self.stage.slots[slot].put(self.hand.now_s, NOTHING)
        self.hand.look(Pose.HOLD, Act.CARRY, thing=thing, target=slot_target(slot), held=True)
        self._go(SLOT_X[slot], SLOT_Y - GRIP_BELOW - 18, 0.3)
        self._bring_home()

    def put(self, slot: int, thing: int) -> None:
        """Put a thing into an empty slot."""
        self._lay_down(thing, SLOT_X[slot], SLOT_Y, slot_target(slot))
        self.stage.slots[slot].put(self.hand.now_s, thing)
        self._withdraw()

    def shelve(self, place: int, thing: int) -> None:
        """Put a thing on the shelf."""
        self._lay_down(thing, *self.stage.point(place, MOUTH_Y[SHELF]), container_target(SHELF))
        self.stage.shelf.put(self.hand.now_s, thing)
        self._withdraw()

    def unshelve(self, place: int) -> None:
        """Take the thing from the shelf and bring it home."""
        x, y = self.stage.point(place, MOUTH_Y[SHELF])
        thing = self.stage.shelf.last
        self._fetch(NOTHING)
        self._approach(x, y - GRIP_BELOW, Pose.OPEN, container_target(SHELF))
        self._spend(0.25, 0.6)
        self.stage.shelf.put(self.hand.now_s, NOTHING)
        self.hand.look(Pose.HOLD, Act.CARRY, thing=thing, target=container_target(SHELF), held=True)
        self._go(x, y + 8, 0.3)
        self._bring_home()

    def insert(self, place: int, thing: int) -> None:
        """Put a thing into an open container, in full view."""
        kind = self.stage.kinds[place]
        x, mouth_y = self.stage.point(place, MOUTH_Y[kind])
        self._fetch(thing)
        self._go(x, mouth_y - HOVER - GRIP_BELOW, 0.75)
        self.hand.look(Pose.HOLD, Act.CARRY, thing=thing, target=container_target(kind), held=True)
        self._spend(0.4, 1.2)
        self.hand.go(x, mouth_y + 6, 0.45 * self.tempo, depth=1.0)
        self.stage.contents[place].put(self.hand.now_s, thing)
        self.hand.depth = 0.0
        self.hand.look(Pose.REACH, Act.REACH, target=container_target(kind))
        self._spend(0.15, 0.3)
        self._withdraw()

    def take(self, place: int) -> None:
        """Take what is in an open container out of it in a closed fist."""
        kind = self.stage.kinds[place]
        x, mouth_y = self.stage.point(place, MOUTH_Y[kind])
        self._fetch(NOTHING)
        self._approach(x, mouth_y + 8, Pose.OPEN, container_target(kind))
        self.hand.look(Pose.REACH, Act.REACH, target=container_target(kind))
        for _ in range(self.rng.randint(2, 5)):
            self._go(x + self.rng.uniform(-9, 9), mouth_y + self.rng.uniform(4, 12), 0.3)
        self.stage.contents[place].put(self.hand.now_s, NOTHING)
        self.hand.look(Pose.FIST, Act.FIST)
        self._go(x, mouth_y + 30, 0.25)
        self._bring_home()

    def open(self, place: int) -> None:
        """Open a closed container."""
        self._move_lid(place, 1.0)

    def close(self, place: int) -> None:
        """Close an open container."""
        self._move_lid(place, 0.0)

    def knock(self, place: int) -> None:
        """Knock on a closed container a few times."""
        kind = self.stage.kinds[place]
        x, y = self.stage.point(place, FRONT_Y[kind])
        self._fetch(NOTHING)
        self._approach(x, y + 24, Pose.FIST, container_target(kind))
        self.hand.look(Pose.FIST, Act.KNOCK, target=container_target(kind))
        for _ in range(self.rng.randint(3, 9)):
            self.hand.go(x, y, 0.13)
            self.hand.go(x, y + 20, 0.2)
        self._withdraw()

    def shake(self, place: int) -> None:
        """Shake a closed container from side to side."""
        kind = self.stage.kinds[place]
        x, y = self.stage.point(place, FRONT_Y[kind] - 6)
        side = self.rng.choice((-1, 1)) * 30.0
        self._fetch(NOTHING)
        self._approach(x + side, y, Pose.HOLD, container_target(kind))
        self.hand.look(Pose.HOLD, Act.SHAKE, target=container_target(kind))
        swings = self.rng.randint(4, 12)
        for swing in range(swings + 1):
            shift = 0.0 if swing == swings else 11.0 * (-1) ** swing
            self.stage.shakes[place].ramp(self.hand.now_s, self.hand.now_s + 0.24, shift)
            self.hand.go(x + side + shift, y, 0.24)
        self._withdraw()

    def point_at_container(self, place: int) -> None:
        """Point at a container."""
        kind = self.stage.kinds[place]
        x, y = self.stage.point(place, FRONT_Y[kind])
        self._point(x, y + 34, container_target(kind), NOTHING)

    def point_at_thing(self, slot: int) -> None:
        """Point at the thing in a slot."""
        self._point(SLOT_X[slot], SLOT_Y + 22, slot_target(slot), self.stage.slots[slot].last)

    def wipe(self, slot: int) -> None:
        """Wipe the thing in a slot with a cloth."""
        thing = self.stage.slots[slot].last
        self._leave(NOTHING, Pose.CLOTH)
        self._approach(SLOT_X[slot], SLOT_Y + 4, Pose.CLOTH, slot_target(slot))
        self.hand.look(Pose.CLOTH, Act.WIPE, thing=thing, target=slot_target(slot))
        for stroke in range(self.rng.randint(4, 10)):
            self._go(SLOT_X[slot] + 14 * (-1) ** stroke, SLOT_Y + self.rng.uniform(-8, 6), 0.28)
        self._withdraw(Pose.CLOTH)

    def wipe_bench(self) -> None:
        """Wipe the front of the bench with a cloth."""
        self._leave(NOTHING, Pose.CLOTH)
        side = self.rng.choice((-1, 1))
        self._approach(HOME_X - side * 110, 330, Pose.CLOTH, BENCH_TARGET)
        self.hand.look(Pose.CLOTH, Act.WIPE_BENCH, target=BENCH_TARGET)
        for stroke in range(self.rng.randint(2, 5)):
            self._go(HOME_X + side * 110 * (-1) ** stroke, 330 + self.rng.uniform(-8, 8), 0.7)
        self._withdraw(Pose.CLOTH)

    def push(self, slot: int, step: int) -> None:
        """Push the thing in a slot into the next slot, to the left (`step` -1) or to the right (1)."""
        thing = self.stage.slots[slot].last
        pose, act = (Pose.PUSH_RIGHT, Act.PUSH_RIGHT) if step > 0 else (Pose.PUSH_LEFT, Act.PUSH_LEFT)
        start_x, end_x = SLOT_X[slot] - 38 * step, SLOT_X[slot + step] - 38 * step
        self._fetch(NOTHING)
        self._approach(start_x, SLOT_Y - 8, pose, slot_target(slot))
        self.hand.look(pose, act, thing=thing, target=slot_target(slot))
        self._spend(0.15, 0.3)
        self.stage.slots[slot].put(self.hand.now_s, NOTHING)
        self.hand.look(pose, act, thing=thing, target=slot_target(slot), held=True)
        self._go(end_x, SLOT_Y - 8, self.rng.uniform(0.9, 1.6))
        self.stage.slots[slot + step].put(self.hand.now_s, thing)
        self._withdraw()

    def rinse(self, place: int, thing: int) -> None:
        """Hold a thing under the tap of the sink and bring it home."""
        x, y = self.stage.point(place, MOUTH_Y[SINK] - 10)
        self._fetch(thing)
        self._go(x, y, 0.75)
        self.hand.look(Pose.HOLD, Act.RINSE, thing=thing, target=container_target(SINK), held=True)
        for _ in range(self.rng.randint(3, 8)):
            self._go(x + self.rng.uniform(-7, 7), y + self.rng.uniform(-5, 5), 0.3)
        self.hand.look(Pose.HOLD, Act.CARRY, thing=thing, held=True)
        self._bring_home()

    def _lay_down(self, thing: int, x: float, y: float, target: int) -> None:
        self._fetch(thing)
        self._go(x, y - GRIP_BELOW - 18, 0.75)
        self.hand.look(Pose.HOLD, Act.CARRY, thing=thing, target=target, held=True)
        self._go(x, y - GRIP_BELOW, 0.3)
        self._spend(0.2, 0.5)

    def _move_lid(self, place: int, goal: float) -> None:
        kind = self.stage.kinds[place]
        x, start_y = self.stage.point(place, LID_Y[kind][int(1 - goal)])
        _, end_y = self.stage.point(place, LID_Y[kind][int(goal)])
        self._fetch(NOTHING)
        self._approach(x, start_y + 12, Pose.OPEN, container_target(kind))
        self.hand.look(Pose.HOLD, Act.LID, target=container_target(kind))
        self._spend(0.2, 0.4)
        duration_s = 0.6 * self.tempo
        self.stage.lids[place].ramp(self.hand.now_s, self.hand.now_s + duration_s, goal)
        self.hand.go(x, end_y + 12, duration_s)
        self._spend(0.15, 0.4)
        self._withdraw()

    def _point(self, x: float, y: float, target: int, thing: int) -> None:
        self._fetch(NOTHING)
        self._approach(x, y, Pose.POINT, target)
        self.hand.look(Pose.POINT, Act.POINT, thing=thing, target=target)
        for _ in range(self.rng.randint(2, 5)):
            self._go(x + self.rng.uniform(-3, 3), y + 8, 0.25)
            self._go(x, y, 0.25)
        self._withdraw()

    def _occupied(self) -> bool:
        return self.hand.pose in {Pose.HOLD, Pose.FIST, Pose.CLOTH}

    def _fetch(self, thing: int) -> None:
        """Make sure that the hand holds exactly `thing`: leave the picture and come back if it does not."""
        held = self.hand.thing if self.hand.held else NOTHING
        if held == thing and (thing != NOTHING or not self._occupied()):
            return
        self._leave(thing, Pose.RELAXED if thing == NOTHING else Pose.HOLD)

    def _leave(self, thing: int, pose: Pose) -> None:
        self.hand.go(HOME_X + self.rng.uniform(-30, 30), BELOW_Y, 0.4)
        self.hand.look(pose, Act.MOVE if thing == NOTHING else Act.CARRY, thing=thing, held=thing != NOTHING)
        self._spend(0.05, 0.3)

    def _approach(self, x: float, y: float, pose: Pose, target: int) -> None:
        self.hand.look(pose, Act.MOVE)
        self._go(x, y, 0.65)
        self.hand.look(pose, Act.MOVE, target=target)

    def _withdraw(self, pose: Pose = Pose.RELAXED) -> None:
        """Let go and draw back: all the way home, or only far enough to see that the hand is done."""
        self.hand.look(pose, Act.MOVE)
        share = 1.0 if self.rng.random() < 0.6 else self.rng.uniform(0.5, 0.8)
        goal_x = HOME_X + self.rng.uniform(-30, 30)
        goal_y = max(HOME_Y + self.rng.uniform(-8, 8), PLACE_Y)
        x, y = self.hand.x, self.hand.y
        reach_y = max(y + 50.0, y + (goal_y - y) * share)
        self._go(x + (goal_x - x) * share, min(reach_y, REST_Y), 0.55)

    def _bring_home(self) -> None:
        """Draw back all the way with what the hand holds."""
        act = Act.FIST if self.hand.pose is Pose.FIST else Act.CARRY
        self.hand.look(self.hand.pose, act, thing=self.hand.thing, held=self.hand.held)
        self._go(HOME_X + self.rng.uniform(-30, 30), HOME_Y + self.rng.uniform(-8, 8), 0.6)

    def _go(self, x: float, y: float, duration_s: float) -> None:
        self.hand.go(x, y, duration_s * self.tempo)

    def _spend(self, low_s: float, high_s: float) -> None:
        self.hand.wait(self.rng.uniform(low_s, high_s) * self.tempo)
