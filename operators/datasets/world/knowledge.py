"""What the script remembers about a video while writing it: what was said, seen, and is in use."""

from dataclasses import dataclass, field

from operators.datasets.world.choice import Choice
from operators.datasets.world.stage import FORGET_S, Stage
from operators.datasets.world.vocabulary import HIDING, NOTHING, NUM_PLACES, NUM_SLOTS, THINGS, Verb

SETTLED_S = 0.4
"""A hidden thing must have been out of sight this long before a segment begins, to count as seen earlier."""


@dataclass(slots=True)
class Knowledge:
    """The script's bookkeeping.

    Attributes:
        stated: Per place, whether a narration has named what is inside.
        seen_s: Per place, when what is inside was last visible.
        place_free_s: Per place, from when on no bystander works there; likewise `slot_free_s`.
        wiped_slots: Slots whose thing was wiped while lying there.
        twin_wipe_s: When one of two equal things was wiped; None while there is no such pair.
        segment_start_s: End of the last narration: where the segment of the next one begins.
        num_narrations: Narrations so far; `num_memory` of them need memory.
    """

    stated: list[bool] = field(default_factory=lambda: [False] * NUM_PLACES)
    seen_s: list[float] = field(default_factory=lambda: [0.0] * NUM_PLACES)
    place_free_s: list[float] = field(default_factory=lambda: [0.0] * NUM_PLACES)
    slot_free_s: list[float] = field(default_factory=lambda: [0.0] * NUM_SLOTS)
    wiped_slots: set[int] = field(default_factory=set)
    twin_wipe_s: float | None = None
    segment_start_s: float = 0.0
    num_narrations: int = 0
    num_memory: int = 0

    def is_secret(self, stage: Stage, place: int) -> bool:
        """Whether something is inside that was visible and never named."""
        return stage.contents[place].last != NOTHING and not self.stated[place]

    def needs_memory(self, stage: Stage, place: int) -> bool:
        """Whether naming what is inside now needs a memory of an earlier segment."""
        return self.is_secret(stage, place) and self.seen_s[place] + SETTLED_S <= self.segment_start_s

    def is_told_too_early(self, stage: Stage, place: int) -> bool:
        """Whether the thing inside is secret but went in during the current segment."""
        return self.is_secret(stage, place) and not self.needs_memory(stage, place)

    def num_secrets(self, stage: Stage) -> int:
        """Number of containers with something inside that was never named."""
        return sum(self.is_secret(stage, place) for place in range(NUM_PLACES))


def empty_places(stage: Stage) -> list[int]:
    """Places of the containers that can hide a thing and hold none."""
    return [
        place
        for place, kind in enumerate(stage.kinds)
        if kind in HIDING and stage.contents[place].last == NOTHING
    ]


def empty_slots(stage: Stage) -> list[int]:
    """Slots without a thing."""
    return [slot for slot, track in enumerate(stage.slots) if track.last == NOTHING]


def twin_slots(stage: Stage) -> tuple[int, int] | None:
    """The two slots with equal things, if there are."""
    for left in range(NUM_SLOTS):
        for right in range(left + 1, NUM_SLOTS):
            if stage.slots[left].last == stage.slots[right].last != NOTHING:
                return left, right
    return None


def absent_things(stage: Stage) -> list[int]:
    """Things that are nowhere in the picture nor in a container."""
    present = {track.last for track in (*stage.slots, stage.shelf, *stage.contents)}
    present.add(stage.main.thing if stage.main.held else NOTHING)
    return [thing for thing in range(len(THINGS)) if thing not in present]


def learn(knowledge: Knowledge, stage: Stage, choice: Choice, end_s: float) -> None:
    """Keep account of what an activity that ended at `end_s` changed and of what its narration stated."""
    verb, slot = choice.verb, choice.slot
    if choice.place != NOTHING and choice.thing == stage.contents[choice.place].last != NOTHING:
        knowledge.stated[choice.place] = True
    if verb is Verb.WIPE:
        knowledge.wiped_slots.add(slot)
        if slot in (twin_slots(stage) or ()):
            stage.wiped.put(end_s, slot)
            knowledge.twin_wipe_s = end_s
    elif slot != NOTHING and verb is not Verb.POINT_THING:
        knowledge.wiped_slots.discard(slot)
    if verb in {Verb.PICK_WIPED, Verb.PICK_OTHER}:
        stage.wiped.put(end_s + FORGET_S, NOTHING)
        knowledge.twin_wipe_s = None
    knowledge.segment_start_s = end_s
    knowledge.num_narrations += 1
    knowledge.num_memory += choice.needs_memory
