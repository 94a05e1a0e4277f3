"""Writes a video's script: what the narrated hand does, and what bystanders do silently meanwhile."""

from copy import deepcopy
from random import Random

from operators.datasets.world.arm import Arm
from operators.datasets.world.choice import Choice
from operators.datasets.world.choices import possible_choices
from operators.datasets.world.knowledge import Knowledge, absent_things, learn
from operators.datasets.world.performer import perform
from operators.datasets.world.silent import SilentActs
from operators.datasets.world.stage import Stage
from operators.datasets.world.truth import WorldNarration
from operators.datasets.world.vocabulary import (
    CONTAINERS,
    LIDDED,
    NOTHING,
    NUM_PLACES,
    NUM_SLOTS,
    SHELF,
    THINGS,
    sentence,
)

MEMORY_SHARE = 0.3
"""Share of narrations that need memory which the script steers for."""
LONGEST_ACTIVITY_S = 8.0
LAST_PAUSE_S = 3.5
"""How much longer the last pause may get, so that the last activity ends with the video."""
ENDING_ATTEMPTS = 12


class Script:
    """The state of writing: the stage, what is known, and the narrations so far."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = Random(seed * 2_654_435_761 + 1)
        kinds = tuple(rng.sample(range(len(CONTAINERS)), NUM_PLACES))
        self.stage = Stage(kinds, tuple(kind in LIDDED and rng.random() < 0.3 for kind in kinds))
        self.knowledge = Knowledge()
        self.narrations: list[WorldNarration] = []
        self._arm = Arm(self.stage, rng)
        self._silent = SilentActs(self.stage, self.knowledge, rng)
        for slot, thing in enumerate(rng.sample(range(len(THINGS)), NUM_SLOTS)):
            if rng.random() < 0.55:
                self.stage.slots[slot].put(0.0, thing)
        if SHELF in kinds and rng.random() < 0.5:
            self.stage.shelf.put(0.0, rng.choice(absent_things(self.stage)))
        self._arm.rest(rng.uniform(0.8, 2.5))
        self._silent.meanwhile(0.4, self.now_s, None)

    @property
    def now_s(self) -> float:
        """Until when the narrated hand's way is written."""
        return self.stage.main.now_s

    def play(self, extra_pause_s: float = 0.0) -> None:
        """Write a pause and one activity."""
        self._arm.rest(self._draw_pause_s() + extra_pause_s)
        choice = self._choose(possible_choices(self.stage, self.knowledge, self.rng))
        start_s = self.now_s
        self._arm.tempo = self.rng.uniform(0.85, 1.35)
        perform(self._arm, choice)
        container = self.stage.kinds[choice.place] if choice.place != NOTHING else NOTHING
        text = sentence(choice.verb, choice.thing, container)
        self.narrations.append(WorldNarration(start_s, self.now_s, text, choice.needs_memory))
        learn(self.knowledge, self.stage, choice, self.now_s)
        self._silent.meanwhile(start_s, self.now_s, choice)

    def _draw_pause_s(self) -> float:
        draw = self.rng.random()
        if draw < 0.25:
            return 0.0
        if draw < 0.62:
            return self.rng.uniform(0.3, 1.0)
        return self.rng.uniform(1.0, 2.6) if draw < 0.92 else self.rng.uniform(2.6, 6.0)

    def _choose(self, choices: list[Choice]) -> Choice:
        """Draw an activity; those that need memory come first while they are fewer than MEMORY_SHARE."""
        memory = [choice for choice in choices if choice.needs_memory]
        behind = self.knowledge.num_memory < MEMORY_SHARE * (self.knowledge.num_narrations + 1)
        if memory and self.rng.random() < (0.85 if behind else 0.12):
            choices = memory
        else:
            choices = [choice for choice in choices if not choice.needs_memory]
        return self.rng.choices(choices, [choice.weight for choice in choices])[0]


def write_script(seed: int, duration_s: float) -> tuple[Stage, tuple[WorldNarration, ...]]:
    """Write the script of a video, whose last activity ends with the video wherever that can be arranged."""
    script = Script(seed)
    while script.now_s < duration_s - LONGEST_ACTIVITY_S - 2 * LAST_PAUSE_S:
        script.play()
    for _ in range(ENDING_ATTEMPTS):
        trial = deepcopy(script)
        trial.play()
        left_s = duration_s - trial.now_s
        if left_s >= LAST_PAUSE_S:
            script = trial
        elif left_s >= 0:
            stretched = deepcopy(script)
            stretched.play(max(0.0, left_s - 0.05))
            script = stretched if stretched.now_s <= duration_s else trial
            break
        else:
            script.rng.random()
    return script.stage, tuple(script.narrations)
