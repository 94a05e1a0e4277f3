"""How a hand moves through a video: its poses, what it is seen doing, and its way from key to key."""

from bisect import bisect_right
from dataclasses import dataclass
from enum import IntEnum

from operators.datasets.world.vocabulary import NOTHING


class Pose(IntEnum):
    """Shape of a hand."""

    OPEN = 0
    RELAXED = 1
    FIST = 2
    POINT = 3
    HOLD = 4
    REACH = 5
    CLOTH = 6
    PUSH_LEFT = 7
    PUSH_RIGHT = 8


class Act(IntEnum):
    """What a hand is seen doing in a single picture."""

    REST = 0
    MOVE = 1
    CARRY = 2
    REACH = 3
    FIST = 4
    KNOCK = 5
    SHAKE = 6
    POINT = 7
    WIPE = 8
    WIPE_BENCH = 9
    PUSH_LEFT = 10
    PUSH_RIGHT = 11
    RINSE = 12
    LID = 13
    GESTURE = 14


@dataclass(frozen=True, slots=True)
class HandKey:
    """A hand from one moment to its next key.

    Attributes:
        time_s: When this key begins.
        x: Position at that moment, units; likewise y. It moves smoothly to the next key's position.
        depth: How far the held thing has gone into a container, 0 to 1; changes evenly to the next key's.
        pose: Shape of the hand until the next key.
        thing: Thing that is visible in the hand or, when wiping or pointing, under it; NOTHING if none.
        act: What it is seen doing.
        target: Code of what it works on, see `stage.py`; 0 if nothing is near.
        held: Whether `thing` is held, and so is drawn with the hand.
    """

    time_s: float
    x: float
    y: float
    depth: float
    pose: Pose
    thing: int
    act: Act
    target: int
    held: bool

    def __deepcopy__(self, _memo: dict[int, object]) -> "HandKey":
        """Keys never change, so copies of a track share them."""
        return self


class HandTrack:
    """The way of one hand through a video, written once from start to end."""

    def __init__(self, x: float, y: float) -> None:
        self.now_s = 0.0
        self.x, self.y, self.depth = x, y, 0.0
        self.pose, self.thing, self.act, self.target, self.held = Pose.RELAXED, NOTHING, Act.REST, 0, False
        self._keys: list[HandKey] = []
        self._times: list[float] = []

    def look(
        self, pose: Pose, act: Act, *, thing: int = NOTHING, target: int = 0, held: bool = False
    ) -> None:
        """Change what is seen of the hand from now on."""
        self.pose, self.thing, self.act, self.target, self.held = pose, thing, act, target, held

    def go(self, x: float, y: float, duration_s: float, depth: float = 0.0) -> None:
        """Move to (x, y) within `duration_s` seconds from now."""
        self._add_key()
        self.now_s += duration_s
        self.x, self.y, self.depth = x, y, depth

    def wait(self, duration_s: float) -> None:
        """Stay where it is."""
        self.go(self.x, self.y, duration_s, self.depth)

    def wait_until(self, time_s: float) -> None:
        """Stay until `time_s`; no effect if that has passed."""
        if time_s > self.now_s:
            self.wait(time_s - self.now_s)

    def at(self, time_s: float) -> HandKey:
        """The hand at a time: its key with position and depth of that very moment."""
        index = bisect_right(self._times, time_s) - 1
        if index < 0:
            return self._keys[0] if self._keys else self._key()
        key = self._keys[index]
        following = self._keys[index + 1] if index + 1 < len(self._keys) else self._key()
        span_s = following.time_s - key.time_s
        u = min(1.0, (time_s - key.time_s) / span_s) if span_s > 0 else 1.0
        smooth = u * u * (3.0 - 2.0 * u)
        return HandKey(
            time_s,
            key.x + (following.x - key.x) * smooth,
            key.y + (following.y - key.y) * smooth,
            key.depth + (following.depth - key.depth) * smooth,
            key.pose,
            key.thing,
            key.act,
            key.target,
            key.held,
        )

    def _key(self) -> HandKey:
        return HandKey(
            self.now_s, self.x, self.y, self.depth, self.pose, self.thing, self.act, self.target, self.held
        )

    def _add_key(self) -> None:
        self._keys.append(self._key())
        self._times.append(self.now_s)
