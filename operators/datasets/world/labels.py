"""What can be known at a moment of a video, as small integers: for training eyes and memory of a model.

-1 means 'not defined now'. Sizes count the defined values.
"""

from operators.datasets.world.geometry import ABOVE_Y
from operators.datasets.world.hand_track import Act, HandKey
from operators.datasets.world.stage import NUM_TARGETS, Stage, container_target
from operators.datasets.world.vocabulary import (
    CONTAINERS,
    HIDING,
    LIDDED,
    NOTHING,
    NUM_PLACES,
    NUM_SLOTS,
    SHELF,
    THINGS,
)

_THING = len(THINGS) + 1
LABEL_SIZES: dict[str, int] = (
    {f"place_{place}": len(CONTAINERS) for place in range(NUM_PLACES)}
    | {f"{CONTAINERS[kind]}_open": 2 for kind in LIDDED}
    | {f"slot_{slot}": _THING for slot in range(NUM_SLOTS)}
    | {"shelf_thing": _THING}
    | {f"{hand}_act": len(Act) for hand in ("main", "other")}
    | {f"{hand}_thing": _THING for hand in ("main", "other")}
    | {f"{hand}_target": NUM_TARGETS for hand in ("main", "other")}
    | {f"{CONTAINERS[kind]}_exchange": _THING + 1 for kind in HIDING}
)
"""Labels of what a single picture shows:

place_P         kind of container in place P, counted from the left
KIND_open       0 closed, 1 open; -1 if the video has none or its lid is moving
slot_S          0 empty, 1 + thing; -1 while a hand works there
shelf_thing     likewise for the shelf; -1 if the video has none
HAND_act        what the hand is seen doing (`tracks.Act`); HAND is main (narrated) or other (bystander)
HAND_thing      1 + thing seen in the hand or, when wiping, pointing or pushing, under it; 0 none
HAND_target     what it works on: 0 nothing, 1 + kind of container, then the slots, then the bench
KIND_exchange   0 nothing, 1 + thing that is seen going in, by either hand; the last class: a fist takes
                something out. This ties hand, thing and container together: what a memory has to store.
"""
MEMORY_LABEL_SIZES: dict[str, int] = {f"{CONTAINERS[kind]}_contents": _THING for kind in HIDING} | {
    "wiped_slot": NUM_SLOTS + 1
}
"""Labels of what a watcher with a perfect memory knows:

KIND_contents   0 empty, 1 + thing inside; -1 if the video has none
wiped_slot      0 none, 1 + slot of the wiped one of two equal things
"""


def picture_labels(stage: Stage, time_s: float) -> dict[str, int]:
    """Labels of what the picture at `time_s` shows; keys as in LABEL_SIZES."""
    labels = {f"place_{place}": kind for place, kind in enumerate(stage.kinds)}
    for kind in LIDDED:
        labels[f"{CONTAINERS[kind]}_open"] = _openness(stage, kind, time_s)
    main, other = stage.main.at(time_s), stage.other.at(time_s)
    busy = {main.target, other.target}
    for slot in range(NUM_SLOTS):
        target = 1 + len(CONTAINERS) + slot
        labels[f"slot_{slot}"] = -1 if target in busy else 1 + stage.slots[slot].at(time_s)
    hidden = SHELF not in stage.kinds or 1 + SHELF in busy
    labels["shelf_thing"] = -1 if hidden else 1 + stage.shelf.at(time_s)
    for name, hand in (("main", main), ("other", other)):
        visible = _in_picture(hand)
        labels[f"{name}_act"] = int(hand.act) if visible else int(Act.REST)
        labels[f"{name}_thing"] = 1 + (hand.thing if visible and hand.depth < 0.5 else NOTHING)
        labels[f"{name}_target"] = hand.target if visible else 0
    for kind in HIDING:
        labels[f"{CONTAINERS[kind]}_exchange"] = max(_exchange(hand, kind) for hand in (main, other))
    return labels


def memory_labels(stage: Stage, time_s: float) -> dict[str, int]:
    """Labels of what is known from all that was visible until `time_s`; keys as in MEMORY_LABEL_SIZES."""
    labels = {}
    for kind in HIDING:
        place = stage.place_of(kind)
        labels[f"{CONTAINERS[kind]}_contents"] = (
            -1 if place == NOTHING else 1 + stage.contents[place].at(time_s)
        )
    labels["wiped_slot"] = 1 + stage.wiped.at(time_s)
    return labels


def _exchange(hand: HandKey, kind: int) -> int:
    if hand.target != container_target(kind) or not _in_picture(hand):
        return 0
    if hand.act is Act.FIST:
        return _THING
    goes_in = hand.act is Act.CARRY and hand.thing != NOTHING and hand.depth < 0.5
    return 1 + hand.thing if goes_in else 0


def _openness(stage: Stage, kind: int, time_s: float) -> int:
    place = stage.place_of(kind)
    if place == NOTHING:
        return -1
    openness = stage.lids[place].at(time_s)
    return -1 if 0.1 < openness < 0.9 else int(openness > 0.5)


def _in_picture(hand: HandKey) -> bool:
    return ABOVE_Y + 66 < hand.y < 388
