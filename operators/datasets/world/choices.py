"""Which activities are possible now, and how likely each is."""

from random import Random

from operators.datasets.world.choice import Choice
from operators.datasets.world.knowledge import (
    Knowledge,
    absent_things,
    empty_places,
    empty_slots,
    twin_slots,
)
from operators.datasets.world.stage import Stage
from operators.datasets.world.vocabulary import (
    LIDDED,
    NOTHING,
    NUM_SLOTS,
    SHAKEABLE,
    SHELF,
    SINK,
    Verb,
)


def possible_choices(stage: Stage, knowledge: Knowledge, rng: Random) -> list[Choice]:
    """List what the narrated hand can do now."""
    now_s = stage.main.now_s
    places = [place for place in range(len(stage.kinds)) if knowledge.place_free_s[place] <= now_s]
    slots = [slot for slot in range(NUM_SLOTS) if knowledge.slot_free_s[slot] <= now_s]
    held = stage.main.thing if stage.main.held else NOTHING
    is_single = held != NOTHING and held not in {track.last for track in stage.slots}
    new = held if is_single else rng.choice(absent_things(stage))
    eager = 5.0 if is_single else 1.0
    choices = [Choice(Verb.WIPE_BENCH, 0.25)]
    for place in places:
        choices += _container_choices(stage, knowledge, place, new, eager)
    for slot in slots:
        choices += _slot_choices(stage, knowledge, slot, slots, new, eager)
    return choices


def _container_choices(
    stage: Stage, knowledge: Knowledge, place: int, new: int, eager: float
) -> list[Choice]:
    kind, inside = stage.kinds[place], stage.contents[place].last
    if kind == SHELF:
        if stage.shelf.last == NOTHING:
            return [Choice(Verb.SHELVE, 0.8 * eager, new, place)]
        return [Choice(Verb.UNSHELVE, 0.8, stage.shelf.last, place)]
    is_open = kind not in LIDDED or stage.lids[place].last > 0.5
    choices = []
    if kind == SINK:
        choices.append(Choice(Verb.RINSE, 0.5 * eager, new, place))
    if kind in LIDDED:
        choices.append(
            Choice(Verb.CLOSE, 0.6, place=place)
            if is_open
            else Choice(Verb.OPEN, 0.6 if inside == NOTHING else 0.9, place=place)
        )
    if inside == NOTHING:
        if is_open and len(empty_places(stage)) > 2:
            choices.append(Choice(Verb.INSERT, 0.4 * eager, new, place))
        return choices
    if knowledge.is_told_too_early(stage, place):
        return [] if is_open else choices
    memory = knowledge.needs_memory(stage, place)
    weight = 1.0 if memory else 0.12
    full = len(empty_places(stage)) <= 1
    if is_open:
        choices.append(Choice(Verb.TAKE, 1.0 if memory or full else 0.5, inside, place, needs_memory=memory))
        choices.append(Choice(Verb.POINT_CONTAINER, 0.25 * weight, inside, place, needs_memory=memory))
    else:
        choices.append(Choice(Verb.KNOCK, 0.9 * weight, inside, place, needs_memory=memory))
        choices.append(Choice(Verb.POINT_CONTAINER, 0.4 * weight, inside, place, needs_memory=memory))
        if kind in SHAKEABLE:
            choices.append(Choice(Verb.SHAKE, 0.8 * weight, inside, place, needs_memory=memory))
    return choices


def _slot_choices(
    stage: Stage, knowledge: Knowledge, slot: int, free_slots: list[int], new: int, eager: float
) -> list[Choice]:
    thing = stage.slots[slot].last
    if thing == NOTHING:
        return [Choice(Verb.PUT, 0.45 * eager / max(1, len(empty_slots(stage))), new, slot=slot)]
    twins = twin_slots(stage)
    if twins is not None and slot in twins:
        return _twin_choices(stage, knowledge, slot, thing, twins, free_slots)
    choices = [
        Choice(Verb.PICK, 0.7, thing, slot=slot),
        Choice(Verb.POINT_THING, 0.3, thing, slot=slot),
        Choice(Verb.WIPE, 0.25, thing, slot=slot),
    ]
    for verb, step in ((Verb.PUSH_LEFT, -1), (Verb.PUSH_RIGHT, 1)):
        goal = slot + step
        if goal in free_slots and stage.slots[goal].last == NOTHING:
            choices.append(Choice(verb, 0.35, thing, slot=slot))
    return choices


def _twin_choices(
    stage: Stage, knowledge: Knowledge, slot: int, thing: int, twins: tuple[int, int], free_slots: list[int]
) -> list[Choice]:
    """Of two equal things one is wiped, unsaid which; then one is picked up, and memory tells which."""
    if not set(twins) <= set(free_slots):
        return []
    if knowledge.twin_wipe_s is None:
        return [Choice(Verb.WIPE, 1.5, thing, slot=slot)]
    if knowledge.num_narrations == 0 or knowledge.twin_wipe_s >= knowledge.segment_start_s + 1e-9:
        return []
    verb = Verb.PICK_WIPED if slot == stage.wiped.last else Verb.PICK_OTHER
    return [Choice(verb, 0.5, thing, slot=slot, needs_memory=True)]
