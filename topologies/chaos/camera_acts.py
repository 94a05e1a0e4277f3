"""What a camera does, and what it does wrong: an endless plan that follows from the seed alone."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

WRONG_EVERY_S = (15.0, 35.0)
"""Seconds between two things that a camera does wrong."""


class Wrong(StrEnum):
    """What cameras do wrong."""

    SKIP = "skip"
    REPEAT = "repeat"
    RESTART = "restart"
    JUMP = "jump"
    SILENCE = "silence"
    LONG_SILENCE = "long-silence"
    CORRUPT = "corrupt"
    END = "end"


JUMP_S = (10.0, 60.0)
NEXT_LIFE_AFTER_S = 3.0


@dataclass(frozen=True, slots=True)
class CameraRules:
    """How cameras behave.

    Attributes:
        fps: Frames per second.
        silent_after_s: How long a silence is at least told.
        tell_within_s: A silence that lasts for so much longer must be told.
    """

    fps: float
    silent_after_s: float
    tell_within_s: float


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a camera does.

    Attributes:
        wait_s: Time since what it did before.
        picture: Number of the picture that it sends; None sends none.
        skip: Sequences that it leaves out before.
        copies: How often it sends the same record.
        restarts: It begins a new epoch with this record.
        clock_s: How far its clock is off.
        corrupt: What it sends is no whole picture.
        ends: It ends its stream instead of sending a picture.
    """

    wait_s: float
    picture: int | None
    skip: int = 0
    copies: int = 1
    restarts: bool = False
    clock_s: float = 0.0
    corrupt: bool = False
    ends: bool = False


def camera_acts(seed: int, index: int, rules: CameraRules) -> Iterator[Act]:
    """What camera `index` does, without end. Every second camera does nothing wrong."""
    chance = random.Random(f"{seed}/{index}")
    every_s = 1.0 / rules.fps
    left_s = chance.uniform(*WRONG_EVERY_S) if index % 2 else float("inf")
    picture, clock_s = 0, 0.0
    wrongs: list[Wrong] = []
    # Not all at the same moment.
    yield Act(chance.uniform(0.0, every_s), picture)
    while True:
        picture += 1
        left_s -= every_s
        if left_s > 0:
            yield Act(every_s, picture, clock_s=clock_s)
            continue
        left_s = chance.uniform(*WRONG_EVERY_S)
        wrongs = wrongs or chance.sample(list(Wrong), len(Wrong))
        wrong = wrongs.pop()
        if wrong is Wrong.JUMP:
            clock_s = -clock_s if clock_s else chance.choice((1, -1)) * chance.uniform(*JUMP_S)
        yield from _do(wrong, picture, clock_s, chance, rules)


def _do(
    wrong: Wrong, picture: int, clock_s: float, chance: random.Random, rules: CameraRules
) -> Iterator[Act]:
    every_s = 1.0 / rules.fps
    match wrong:
        case Wrong.SKIP:
            yield Act(every_s, picture, skip=chance.randint(1, 3), clock_s=clock_s)
        case Wrong.REPEAT:
            yield Act(every_s, picture, copies=2, clock_s=clock_s)
        case Wrong.RESTART:
            yield Act(every_s, picture, restarts=True, clock_s=clock_s)
        case Wrong.JUMP:
            yield Act(every_s, picture, clock_s=clock_s)
        case Wrong.SILENCE:
            yield Act(chance.uniform(1.2, 2.0) * rules.silent_after_s, picture, clock_s=clock_s)
        case Wrong.LONG_SILENCE:
            yield Act(rules.silent_after_s + rules.tell_within_s + 5.0, picture, clock_s=clock_s)
        case Wrong.CORRUPT:
            yield Act(every_s, picture, corrupt=True, clock_s=clock_s)
        case Wrong.END:
            yield Act(0.0, None, ends=True, clock_s=clock_s)
            yield Act(NEXT_LIFE_AFTER_S, picture, restarts=True, clock_s=clock_s)
