"""Which fault happens when: a pure function of the seed."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

EVERY_S = 5.5
"""Mean time between two faults. A narrator that was killed needs about as long to be loaded again."""

FIRST_AFTER_S = 5.0
"""Cameras must have begun."""


class FaultKind(StrEnum):
    """What is done."""

    KILL_NARRATOR = "kill-narrator"
    KILL_ENCODER = "kill-encoder"
    KILL_READER = "kill-reader"
    KILL_SUPERVISOR = "kill-supervisor"
    PAUSE_NARRATOR = "pause-narrator"
    PAUSE_ENCODER = "pause-encoder"
    PAUSE_READER = "pause-reader"
    RESTART_BROKER = "restart-broker"
    RESTART_REDIS = "restart-redis"
    MOVE_PARTITION = "move-partition"
    CUT_KAFKA = "cut-kafka"
    CUT_REDIS = "cut-redis"


ALL_KINDS = tuple(FaultKind)

CUT_S = (2.0, 5.0)
"""How long a network is cut."""

PAUSE_BEYOND_LEASE_S = (1.0, 4.0)
"""How much longer than its lease a process is paused."""


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """One fault.

    Attributes:
        at_s: When, in seconds since the cameras began; later if there is nothing to do it to by then.
        kind: What.
        choice: 0 to 1: which of the possible targets.
        strength: 0 to 1: how long it lasts, and in which way.
    """

    at_s: float
    kind: FaultKind
    choice: float
    strength: float

    def between(self, bounds: tuple[float, float]) -> float:
        """A value between bounds, by the fault's strength."""
        return bounds[0] + self.strength * (bounds[1] - bounds[0])


def schedule(
    seed: int, minutes: float, kinds: Sequence[FaultKind] = ALL_KINDS, num_faults: int | None = None
) -> tuple[PlannedFault, ...]:
    """Faults in the order of their times.

    They come in rounds: each round has all kinds in an order of its own, so that every kind comes early and
    all come equally often.

    Args:
        seed: Decides everything.
        minutes: How long the cameras publish.
        kinds: Which kinds.
        num_faults: How many; one every `EVERY_S` if None.
    """
    chance = random.Random(seed)
    room_s = max(0.0, 60.0 * minutes - FIRST_AFTER_S)
    number = max(1, int(room_s / EVERY_S)) if num_faults is None else num_faults
    step_s = room_s / number if number else 0.0
    faults: list[PlannedFault] = []
    while len(faults) < number:
        for kind in chance.sample(kinds, len(kinds)):
            at_s = FIRST_AFTER_S + step_s * (len(faults) + 0.8 * chance.random())
            faults.append(PlannedFault(at_s, kind, chance.random(), chance.random()))
    return tuple(sorted(faults[:number], key=lambda fault: fault.at_s))
