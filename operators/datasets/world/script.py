"""Writes a video's script: activity after activity of the narrated hand, and silent acts of bystanders meanwhile."""

from copy import deepcopy
from random import Random

from operators.datasets.world.bystander import Bystander
from operators.datasets.world.choices import Choice, possible_choices
from operators.datasets.world.knowledge import Knowledge, absent_things, empty_places, empty_slots, twin_slots
from operators.datasets.world.performer import Performer
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
    Verb,
    sentence,
)

MEMORY_SHARE = 0.31
"""Share of narrations that need memory which the script steers for."""
LAST_PAUSE_S = 3.5
"""Longest pause that is stretched so that the last activity ends with the video."""


class Script:
    """The state of writing: the stage, what is known, and the narrations so far."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed * 2_654_435_761 + 1)
        rng = self.rng
        kinds = tuple(rng.sample(range(len(CONTAINERS)), NUM_PLACES))
        self.stage = Stage(kinds, tuple(kind in LIDDED and rng.random() < 0.3 for kind in kinds))
        self.knowledge = Knowledge()
        self.narrations: list[WorldNarration] = []
        self.performer = Performer(self.stage, rng)
        self.bystander = Bystander(self.stage, rng)
        for slot, thing in enumerate(rng.sample(range(len(THINGS)), NUM_SLOTS)):
            if rng.random() < 0.55:
                self.stage.slots[slot].put(0.0, thing)
        if SHELF in kinds and rng.random() < 0.5:
            self.stage.shelf.put(0.0, rng.choice(absent_things(self.stage)))
        self.performer.rest(rng.uniform(0.8, 2.0))

    def play(self, extra_pause_s: float = 0.0) -> float:
        """Play a pause and one activity; returns when it ends."""
        rng, knowledge = self.rng, self.knowledge
        self.performer.rest(self._pause_s() + extra_pause_s)
        choice = self._choose(possible_choices(self.stage, knowledge, rng))
        start_s = self.stage.main.now_s
        self.performer.tempo = rng.uniform(0.8, 1.35)
        self._perform(choice)
        end_s = self.stage.main.now_s
        container = self.stage.kinds[choice.place] if choice.place != NOTHING else NOTHING
        text = sentence(choice.verb, choice.thing, container)
        self.narrations.append(WorldNarration(start_s, end_s, text, choice.needs_memory))
        self._learn(choice, end_s)
        if self.bystander.free_from_s <= end_s - 0.3:
            self._let_bystander_act(max(start_s, self.bystander.free_from_s), end_s, choice)
        return end_s

    def _pause_s(self) -> float:
        draw = self.rng.random()
        if draw < 0.25:
            return 0.0
        if draw < 0.62:
            return self.rng.uniform(0.3, 1.0)
        return self.rng.uniform(1.0, 2.6) if draw < 0.92 else self.rng.uniform(2.6, 6.0)

    def _choose(self, choices: list[Choice]) -> Choice:
        """Draw an activity; those that need memory come first while fewer than MEMORY_SHARE were played."""
        knowledge = self.knowledge
        memory = [choice for choice in choices if choice.needs_memory]
        behind = knowledge.num_memory < MEMORY_SHARE * (knowledge.num_narrations + 1)
        if memory and self.rng.random() < (0.85 if behind else 0.12):
            choices = memory
        else:
            choices = [choice for choice in choices if not choice.needs_memory]
        return self.rng.choices(choices, [choice.weight for choice in choices])[0]

    def _perform(self, choice: Choice) -> None:
        performer, place, slot, thing = self.performer, choice.place, choice.slot, choice.thing
        match choice.verb:
            case Verb.PICK | Verb.PICK_WIPED | Verb.PICK_OTHER:
                performer.pick(slot)
            case Verb.PUT:
                performer.put(slot, thing)
            case Verb.WIPE:
                performer.wipe(slot)
            case Verb.POINT_THING:
                performer.point_at_thing(slot)
            case Verb.PUSH_LEFT:
                performer.push(slot, -1)
            case Verb.PUSH_RIGHT:
                performer.push(slot, 1)
            case Verb.RINSE:
                performer.rinse(place, thing)
            case Verb.SHELVE:
                performer.shelve(place, thing)
            case Verb.UNSHELVE:
                performer.unshelve(place)
            case Verb.INSERT:
                performer.insert(place, thing)
            case Verb.TAKE:
                performer.take(place)
            case Verb.KNOCK:
                performer.knock(place)
            case Verb.SHAKE:
                performer.shake(place)
            case Verb.POINT_CONTAINER:
                performer.point_at_container(place)
            case Verb.OPEN:
                performer.open(place)
            case Verb.CLOSE:
                performer.close(place)
            case Verb.WIPE_BENCH:
                performer.wipe_bench()

    def _learn(self, choice: Choice, end_s: float) -> None:
        """Keep account of what the activity changed and its narration stated."""
        knowledge, stage, verb = self.knowledge, self.stage, choice.verb
        if choice.place != NOTHING and choice.thing != NOTHING:
            knowledge.stated[choice.place] = True
        if verb == Verb.WIPE:
            knowledge.wiped_slots.add(choice.slot)
            if twin_slots(stage) is not None and choice.slot in (twin_slots(stage) or ()):
                stage.wiped.put(end_s, choice.slot)
                knowledge.twin_wipe_s = end_s
        elif verb in {Verb.PICK, Verb.PICK_WIPED, Verb.PICK_OTHER, Verb.PUT, Verb.PUSH_LEFT, Verb.PUSH_RIGHT}:
            knowledge.wiped_slots.discard(choice.slot)
            if verb in {Verb.PICK_WIPED, Verb.PICK_OTHER}:
                stage.wiped.put(end_s, NOTHING)
                knowledge.twin_wipe_s = None
        knowledge.segment_start_s = end_s
        knowledge.num_narrations += 1
        knowledge.num_memory += choice.needs_memory

    def _let_bystander_act(self, low_s: float, high_s: float, main: Choice) -> None:
        """Start a silent act, maybe, while the narrated hand does `main` elsewhere."""
        rng, stage, knowledge, bystander = self.rng, self.stage, self.knowledge, self.bystander
        start_s = rng.uniform(low_s, max(low_s, high_s - 0.5))
        things = [thing for thing in absent_things(stage) if thing != main.thing]
        places = [place for place in empty_places(stage) if place != main.place]
        appetite = (0.85, 0.5, 0.15, 0.05, 0.0)[knowledge.num_secrets(stage)]
        if places and rng.random() < appetite:
            place = rng.choice(places)
            knowledge.seen_s[place] = bystander.hide(start_s, place, rng.choice(things))
            knowledge.stated[place] = False
            knowledge.place_free_s[place] = bystander.free_from_s
            return
        slots = [slot for slot in empty_slots(stage) if slot not in self._slots_of(main)]
        draw = rng.random()
        if draw < 0.22 and slots:
            slot = rng.choice(slots)
            bystander.lay_down(start_s, slot, self._twin_of_something(main) or rng.choice(things))
            knowledge.wiped_slots.discard(slot)
            knowledge.slot_free_s[slot] = bystander.free_from_s
        elif draw < 0.3 and SHELF in stage.kinds and stage.shelf.last == NOTHING:
            place = stage.place_of(SHELF)
            if place != main.place:
                bystander.shelve(start_s, place, rng.choice(things))
                knowledge.place_free_s[place] = bystander.free_from_s
        elif draw < 0.42:
            bystander.gesture(start_s)
        elif draw < 0.48:
            bystander.show(start_s, rng.choice(things))

    def _slots_of(self, choice: Choice) -> set[int]:
        if choice.slot == NOTHING:
            return set()
        return {choice.slot - 1, choice.slot, choice.slot + 1}

    def _twin_of_something(self, main: Choice) -> int | None:
        """A thing that lies alone and unwiped on the bench, so that an equal one makes a pair; seldom."""
        stage = self.stage
        if self.rng.random() > 0.5 or twin_slots(stage) is not None:
            return None
        lying = [
            track.last
            for slot, track in enumerate(stage.slots)
            if track.last != NOTHING
            and slot not in self.knowledge.wiped_slots
            and slot not in self._slots_of(main)
            and slot not in self.knowledge.wiped_slots
        ]
        return self.rng.choice(lying) if lying else None


def write_script(seed: int, duration_s: float) -> tuple[Stage, tuple[WorldNarration, ...]]:
    """Write the whole script of a video; its last activity ends with the video wherever that can be arranged."""
    script = Script(seed)
    while script.stage.main.now_s < duration_s - 14.0:
        script.play()
    attempts = 0
    while attempts < 12:
        trial = deepcopy(script)
        end_s = trial.play()
        left_s = duration_s - end_s
        if 0.05 <= left_s < LAST_PAUSE_S:
            final = deepcopy(script)
            if final.play(left_s - 0.05) <= duration_s and final.stage.main.now_s > duration_s - 1.0:
                trial = final
                attempts = 12
        if trial.stage.main.now_s <= duration_s:
            script = trial
        attempts += 1
        script.rng.random()
    return script.stage, tuple(script.narrations)
