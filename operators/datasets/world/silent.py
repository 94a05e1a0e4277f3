"""Decides what bystanders do, silently, while the narrated hand is busy elsewhere."""

from random import Random

from operators.datasets.world.bystander import Bystander
from operators.datasets.world.choice import Choice
from operators.datasets.world.knowledge import (
    Knowledge,
    absent_things,
    empty_places,
    empty_slots,
    twin_slots,
)
from operators.datasets.world.stage import Stage
from operators.datasets.world.vocabulary import NOTHING, SHELF

HIDE_CHANCE = (0.9, 0.6, 0.25, 0.05, 0.0)
"""Chance that a free bystander hides a thing, by the number of things that are hidden and unnamed already.

One or two are waiting most of the time, so that most memories are used within half a minute."""
TWIN_CHANCE = 0.3
"""Chance that a thing which a bystander lays down equals one that lies there."""


class SilentActs:
    """Chooses and plays the bystanders' acts."""

    def __init__(self, stage: Stage, knowledge: Knowledge, rng: Random) -> None:
        self._stage, self._knowledge, self._rng = stage, knowledge, rng
        self._bystander = Bystander(stage, rng)

    def meanwhile(self, start_s: float, end_s: float, main: Choice | None) -> None:
        """Start a silent act, maybe, while the narrated hand does `main` elsewhere."""
        low_s = max(start_s, self._bystander.free_from_s)
        high_s = end_s - 0.3
        if low_s > high_s:
            return
        act_s = self._rng.uniform(low_s, high_s)
        place = main.place if main else NOTHING
        slots = set() if main is None or main.slot == NOTHING else {main.slot + step for step in (-1, 0, 1)}
        things = [thing for thing in absent_things(self._stage) if main is None or thing != main.thing]
        if not self._hide(act_s, things, place):
            self._act_in_the_open(act_s, things, place, slots)

    def _hide(self, start_s: float, things: list[int], taken_place: int) -> bool:
        rng, knowledge = self._rng, self._knowledge
        places = [place for place in empty_places(self._stage) if place != taken_place]
        if not places or rng.random() > HIDE_CHANCE[knowledge.num_secrets(self._stage)]:
            return False
        place = rng.choice(places)
        knowledge.seen_s[place] = self._bystander.hide(start_s, place, rng.choice(things))
        knowledge.stated[place] = False
        knowledge.place_free_s[place] = self._bystander.free_from_s
        return True

    def _act_in_the_open(
        self, start_s: float, things: list[int], taken_place: int, taken_slots: set[int]
    ) -> None:
        rng, stage, knowledge, bystander = self._rng, self._stage, self._knowledge, self._bystander
        slots = [slot for slot in empty_slots(stage) if slot not in taken_slots]
        draw = rng.random()
        if draw < 0.25 and slots:
            slot = rng.choice(slots)
            twin = self._twin(taken_slots)
            bystander.lay_down(start_s, slot, rng.choice(things) if twin == NOTHING else twin)
            knowledge.wiped_slots.discard(slot)
            knowledge.slot_free_s[slot] = bystander.free_from_s
        elif draw < 0.33 and SHELF in stage.kinds and stage.shelf.last == NOTHING:
            place = stage.place_of(SHELF)
            if place != taken_place:
                bystander.shelve(start_s, place, rng.choice(things))
                knowledge.place_free_s[place] = bystander.free_from_s
        elif draw < 0.45:
            bystander.gesture(start_s)
        elif draw < 0.52:
            bystander.show(start_s, rng.choice(things))

    def _twin(self, taken_slots: set[int]) -> int:
        """A thing that lies unwiped on the bench, so that an equal one makes a pair; mostly NOTHING."""
        stage = self._stage
        if self._rng.random() > TWIN_CHANCE or twin_slots(stage) is not None:
            return NOTHING
        excluded = self._knowledge.wiped_slots | taken_slots
        lying = [track.last for slot, track in enumerate(stage.slots) if slot not in excluded]
        lying = [thing for thing in lying if thing != NOTHING]
        return self._rng.choice(lying) if lying else NOTHING
