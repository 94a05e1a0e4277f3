"""The narrated hand's basic movements, of which all activities are made."""

from random import Random

from operators.datasets.world.geometry import BELOW_Y, HOME_X, HOME_Y, PLACE_Y, REST_Y
from operators.datasets.world.hand_track import Act, Pose
from operators.datasets.world.stage import Stage
from operators.datasets.world.vocabulary import NOTHING

_OCCUPIED = frozenset({Pose.HOLD, Pose.FIST, Pose.CLOTH})


class Arm:
    """Moves the stage's narrated hand.

    Attributes:
        stage: The stage, whose tracks the activities change too.
        hand: Track of the narrated hand.
        rng: Source of all chance.
        tempo: Factor of all durations, chosen anew for every activity.
    """

    def __init__(self, stage: Stage, rng: Random) -> None:
        self.stage, self.hand, self.rng = stage, stage.main, rng
        self.tempo = 1.0

    @property
    def held(self) -> int:
        """The thing that is held visibly, NOTHING if none."""
        return self.hand.thing if self.hand.held else NOTHING

    def rest(self, duration_s: float) -> None:
        """Pause; in a longer one the hand brings away what it holds and rests at the picture's edge."""
        end_s = self.hand.now_s + duration_s
        if duration_s >= 1.0 and self._is_occupied:
            self.leave(NOTHING, Pose.RELAXED)
        if duration_s >= 0.7:
            if not self._is_occupied:
                self.hand.look(Pose.RELAXED, Act.REST)
            self.hand.go(HOME_X + self.rng.uniform(-40, 40), REST_Y, 0.3)
        self.hand.wait_until(end_s)

    def fetch(self, thing: int) -> None:
        """Make sure that the hand holds exactly `thing`: leave the picture and come back if it does not."""
        if self.held == thing and (thing != NOTHING or not self._is_occupied):
            return
        self.leave(thing, Pose.RELAXED if thing == NOTHING else Pose.HOLD)

    def leave(self, thing: int, pose: Pose) -> None:
        """Leave the picture and get ready to come back with `thing` in `pose`."""
        self.hand.go(HOME_X + self.rng.uniform(-30, 30), BELOW_Y, 0.4)
        self.hand.look(pose, Act.MOVE if thing == NOTHING else Act.CARRY, thing=thing, held=thing != NOTHING)
        self.spend(0.05, 0.3)

    def approach(self, x: float, y: float, pose: Pose, target: int) -> None:
        """Reach for something."""
        self.hand.look(pose, Act.MOVE)
        self.go(x, y, 0.65)
        self.hand.look(pose, Act.MOVE, target=target)

    def withdraw(self, pose: Pose = Pose.RELAXED) -> None:
        """Let go and draw back: all the way home, or only far enough to see that the hand is done."""
        self.hand.look(pose, Act.MOVE)
        share = 1.0 if self.rng.random() < 0.6 else self.rng.uniform(0.5, 0.8)
        goal_x = HOME_X + self.rng.uniform(-30, 30)
        goal_y = max(HOME_Y + self.rng.uniform(-8, 8), PLACE_Y)
        x, y = self.hand.x, self.hand.y
        reach_y = max(y + 50.0, y + (goal_y - y) * share)
        self.go(x + (goal_x - x) * share, min(reach_y, REST_Y), 0.55)

    def bring_home(self) -> None:
        """Draw back all the way with what the hand holds."""
        hand = self.hand
        act = Act.FIST if hand.pose is Pose.FIST else Act.CARRY
        hand.look(hand.pose, act, thing=hand.thing, held=hand.held)
        self.go(HOME_X + self.rng.uniform(-30, 30), HOME_Y + self.rng.uniform(-8, 8), 0.6)

    def go(self, x: float, y: float, duration_s: float, depth: float = 0.0) -> None:
        """Move to (x, y) in `duration_s` seconds at the activity's tempo."""
        self.hand.go(x, y, duration_s * self.tempo, depth)

    def spend(self, low_s: float, high_s: float) -> None:
        """Stay for a time between the two, at the activity's tempo."""
        self.hand.wait(self.rng.uniform(low_s, high_s) * self.tempo)

    @property
    def _is_occupied(self) -> bool:
        return self.hand.pose in _OCCUPIED
