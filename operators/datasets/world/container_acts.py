"""Activities of the narrated hand with containers and with what is inside of them."""

from operators.datasets.world.arm import Arm
from operators.datasets.world.geometry import FRONT_Y, GRIP_BELOW, HOVER, LID_Y, MOUTH_Y
from operators.datasets.world.hand_track import Act, Pose
from operators.datasets.world.stage import FORGET_S, container_target
from operators.datasets.world.thing_acts import point
from operators.datasets.world.vocabulary import NOTHING, SINK


def insert(arm: Arm, place: int, thing: int) -> None:
    """Put a thing into an open container, in full view."""
    kind = arm.stage.kinds[place]
    x, mouth_y = arm.stage.point(place, MOUTH_Y[kind])
    hand = arm.hand
    arm.fetch(thing)
    arm.go(x, mouth_y - HOVER - GRIP_BELOW, 0.75)
    hand.look(Pose.HOLD, Act.CARRY, thing=thing, target=container_target(kind), held=True)
    arm.spend(0.4, 1.2)
    arm.go(x, mouth_y + 6, 0.45, depth=1.0)
    arm.stage.contents[place].put(hand.now_s, thing)
    hand.depth = 0.0
    hand.look(Pose.REACH, Act.REACH, target=container_target(kind))
    arm.spend(0.15, 0.3)
    arm.withdraw()


def take(arm: Arm, place: int) -> None:
    """Take what is in an open container out of it in a closed fist."""
    kind = arm.stage.kinds[place]
    x, mouth_y = arm.stage.point(place, MOUTH_Y[kind])
    arm.fetch(NOTHING)
    arm.approach(x, mouth_y + 8, Pose.OPEN, container_target(kind))
    arm.hand.look(Pose.REACH, Act.REACH, target=container_target(kind))
    for _ in range(arm.rng.randint(2, 5)):
        arm.go(x + arm.rng.uniform(-9, 9), mouth_y + arm.rng.uniform(4, 12), 0.3)
    arm.hand.look(Pose.FIST, Act.FIST, target=container_target(kind))
    arm.go(x, mouth_y + 30, 0.25)
    arm.bring_home()
    arm.stage.contents[place].put(arm.hand.now_s + FORGET_S, NOTHING)


def open_lid(arm: Arm, place: int) -> None:
    """Open a closed container."""
    _move_lid(arm, place, 1)


def close_lid(arm: Arm, place: int) -> None:
    """Close an open container."""
    _move_lid(arm, place, 0)


def knock(arm: Arm, place: int) -> None:
    """Knock on a closed container a few times."""
    kind = arm.stage.kinds[place]
    x, y = arm.stage.point(place, FRONT_Y[kind])
    arm.fetch(NOTHING)
    arm.approach(x, y + 24, Pose.FIST, container_target(kind))
    arm.hand.look(Pose.FIST, Act.KNOCK, target=container_target(kind))
    for _ in range(arm.rng.randint(4, 10)):
        arm.hand.go(x, y, 0.13)
        arm.hand.go(x, y + 20, 0.2)
    arm.withdraw()


def shake(arm: Arm, place: int) -> None:
    """Shake a closed container from side to side."""
    kind = arm.stage.kinds[place]
    x, y = arm.stage.point(place, FRONT_Y[kind] - 6)
    side = arm.rng.choice((-1, 1)) * 30.0
    arm.fetch(NOTHING)
    arm.approach(x + side, y, Pose.HOLD, container_target(kind))
    arm.hand.look(Pose.HOLD, Act.SHAKE, target=container_target(kind))
    swings = arm.rng.randint(5, 12)
    for swing in range(swings + 1):
        shift = 0.0 if swing == swings else 11.0 * (-1) ** swing
        arm.stage.shakes[place].ramp(arm.hand.now_s, arm.hand.now_s + 0.24, shift)
        arm.hand.go(x + side + shift, y, 0.24)
    arm.withdraw()


def point_at_container(arm: Arm, place: int) -> None:
    """Point at a container."""
    kind = arm.stage.kinds[place]
    x, y = arm.stage.point(place, FRONT_Y[kind])
    point(arm, x, y + 34, container_target(kind), NOTHING)


def rinse(arm: Arm, place: int, thing: int) -> None:
    """Hold a thing under the tap of the sink and bring it home."""
    x, y = arm.stage.point(place, MOUTH_Y[SINK] + 8)
    arm.fetch(thing)
    arm.go(x, y, 0.75)
    arm.hand.look(Pose.HOLD, Act.RINSE, thing=thing, target=container_target(SINK), held=True)
    for _ in range(arm.rng.randint(3, 8)):
        arm.go(x + arm.rng.uniform(-7, 7), y + arm.rng.uniform(-5, 5), 0.3)
    arm.hand.look(Pose.HOLD, Act.CARRY, thing=thing, held=True)
    arm.bring_home()


def _move_lid(arm: Arm, place: int, goal: int) -> None:
    kind = arm.stage.kinds[place]
    x, start_y = arm.stage.point(place, LID_Y[kind][1 - goal])
    _, end_y = arm.stage.point(place, LID_Y[kind][goal])
    arm.fetch(NOTHING)
    arm.approach(x, start_y + 12, Pose.OPEN, container_target(kind))
    arm.hand.look(Pose.HOLD, Act.LID, target=container_target(kind))
    arm.spend(0.2, 0.4)
    start_s = arm.hand.now_s
    arm.go(x, end_y + 12, 0.6)
    arm.stage.lids[place].ramp(start_s, arm.hand.now_s, float(goal))
    arm.spend(0.15, 0.4)
    arm.withdraw()
