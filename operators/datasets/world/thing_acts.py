"""Activities of the narrated hand with things that lie on the bench or the shelf."""

from operators.datasets.world.arm import Arm
from operators.datasets.world.geometry import GRIP_BELOW, HOME_X, MOUTH_Y, PUSH_REACH, SLOT_X, SLOT_Y
from operators.datasets.world.hand_track import Act, Pose
from operators.datasets.world.stage import BENCH_TARGET, container_target, slot_target
from operators.datasets.world.tracks import StepTrack
from operators.datasets.world.vocabulary import NOTHING, SHELF

_WIPE_BENCH_Y = 330.0


def pick(arm: Arm, slot: int) -> None:
    """Pick up the thing in a slot and bring it home."""
    _grasp(arm, SLOT_X[slot], SLOT_Y, slot_target(slot), arm.stage.slots[slot], -18)


def put(arm: Arm, slot: int, thing: int) -> None:
    """Put a thing into an empty slot."""
    _lay_down(arm, thing, SLOT_X[slot], SLOT_Y, slot_target(slot), arm.stage.slots[slot])


def unshelve(arm: Arm, place: int) -> None:
    """Take the thing from the shelf and bring it home."""
    x, y = arm.stage.point(place, MOUTH_Y[SHELF])
    _grasp(arm, x, y, container_target(SHELF), arm.stage.shelf, 20)


def shelve(arm: Arm, place: int, thing: int) -> None:
    """Put a thing on the shelf."""
    x, y = arm.stage.point(place, MOUTH_Y[SHELF])
    _lay_down(arm, thing, x, y, container_target(SHELF), arm.stage.shelf)


def wipe(arm: Arm, slot: int) -> None:
    """Wipe the thing in a slot with a cloth."""
    thing = arm.stage.slots[slot].last
    arm.leave(NOTHING, Pose.CLOTH)
    arm.approach(SLOT_X[slot], SLOT_Y + 4, Pose.CLOTH, slot_target(slot))
    arm.hand.look(Pose.CLOTH, Act.WIPE, thing=thing, target=slot_target(slot))
    for stroke in range(arm.rng.randint(4, 10)):
        arm.go(SLOT_X[slot] + 14 * (-1) ** stroke, SLOT_Y + arm.rng.uniform(-8, 6), 0.28)
    arm.withdraw(Pose.CLOTH)


def wipe_bench(arm: Arm) -> None:
    """Wipe the front of the bench with a cloth."""
    arm.leave(NOTHING, Pose.CLOTH)
    side = arm.rng.choice((-1, 1))
    arm.approach(HOME_X - side * 110, _WIPE_BENCH_Y, Pose.CLOTH, BENCH_TARGET)
    arm.hand.look(Pose.CLOTH, Act.WIPE_BENCH, target=BENCH_TARGET)
    for stroke in range(arm.rng.randint(2, 5)):
        arm.go(HOME_X + side * 110 * (-1) ** stroke, _WIPE_BENCH_Y + arm.rng.uniform(-8, 8), 0.7)
    arm.withdraw(Pose.CLOTH)


def push(arm: Arm, slot: int, step: int) -> None:
    """Push the thing in a slot into the next slot, to the left (`step` -1) or to the right (1)."""
    slots, hand = arm.stage.slots, arm.hand
    thing = slots[slot].last
    pose, act = (Pose.PUSH_RIGHT, Act.PUSH_RIGHT) if step > 0 else (Pose.PUSH_LEFT, Act.PUSH_LEFT)
    arm.fetch(NOTHING)
    arm.approach(SLOT_X[slot] - PUSH_REACH * step, SLOT_Y - 8, pose, slot_target(slot))
    hand.look(pose, act, thing=thing, target=slot_target(slot))
    arm.spend(0.15, 0.3)
    slots[slot].put(hand.now_s, NOTHING)
    hand.look(pose, act, thing=thing, target=slot_target(slot), held=True)
    arm.go(SLOT_X[slot + step] - PUSH_REACH * step, SLOT_Y - 8, arm.rng.uniform(0.9, 1.6))
    slots[slot + step].put(hand.now_s, thing)
    arm.withdraw()


def point(arm: Arm, x: float, y: float, target: int, thing: int) -> None:
    """Point at something with the index finger below (x, y)."""
    arm.fetch(NOTHING)
    arm.approach(x, y, Pose.POINT, target)
    arm.hand.look(Pose.POINT, Act.POINT, thing=thing, target=target)
    for _ in range(arm.rng.randint(2, 5)):
        arm.go(x + arm.rng.uniform(-3, 3), y + 8, 0.25)
        arm.go(x, y, 0.25)
    arm.withdraw()


def point_at_thing(arm: Arm, slot: int) -> None:
    """Point at the thing in a slot."""
    point(arm, SLOT_X[slot], SLOT_Y + 22, slot_target(slot), arm.stage.slots[slot].last)


def _grasp(arm: Arm, x: float, y: float, target: int, lying: StepTrack, lift: float) -> None:
    thing = lying.last
    arm.fetch(NOTHING)
    arm.approach(x, y - GRIP_BELOW, Pose.OPEN, target)
    arm.spend(0.25, 0.6)
    lying.put(arm.hand.now_s, NOTHING)
    arm.hand.look(Pose.HOLD, Act.CARRY, thing=thing, target=target, held=True)
    arm.go(x, y - GRIP_BELOW + lift, 0.3)
    arm.bring_home()


def _lay_down(arm: Arm, thing: int, x: float, y: float, target: int, lying: StepTrack) -> None:
    arm.fetch(thing)
    arm.go(x, y - GRIP_BELOW - 18, 0.75)
    arm.hand.look(Pose.HOLD, Act.CARRY, thing=thing, target=target, held=True)
    arm.go(x, y - GRIP_BELOW, 0.3)
    arm.spend(0.2, 0.5)
    lying.put(arm.hand.now_s, thing)
    arm.withdraw()
