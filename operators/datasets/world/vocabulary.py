"""What the world consists of and every sentence that can be said about it.

One activity has exactly one sentence. A thing is a kind in a colour ('red cup'); its index is
`kind * len(COLOURS) + colour`.
"""

from enum import IntEnum
from itertools import permutations

KINDS = ("cup", "ball", "bottle", "book", "car", "hammer", "star", "duck")
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 34, 38),
    "green": (30, 158, 66),
    "blue": (32, 92, 224),
    "yellow": (250, 204, 20),
    "purple": (152, 54, 190),
}
"""Colour names with their sRGB values."""

THINGS: tuple[str, ...] = tuple(f"{colour} {kind}" for kind in KINDS for colour in COLOURS)
NOTHING = -1
"""Index that stands for 'no thing'."""

CONTAINERS = ("drawer", "box", "pot", "chest", "sink", "shelf")
DRAWER, BOX, POT, CHEST, SINK, SHELF = range(len(CONTAINERS))
LIDDED = (DRAWER, BOX, POT, CHEST)
"""Containers that can be opened and closed; their inside is dark."""
HIDING = (DRAWER, BOX, POT, CHEST, SINK)
"""Containers in which a thing can't be seen; the sink hides it under foam. The shelf shows it."""
SHAKEABLE = (BOX, POT, CHEST)

NUM_PLACES = 4
"""Places for containers along the back of the bench; a video fills all of them with different kinds."""
NUM_SLOTS = 3
"""Places for single things on the bench, in front of the containers."""


class Verb(IntEnum):
    """What the narrated hand can do; the sentence of each is in `_SENTENCES`."""

    PICK = 0
    PUT = 1
    WIPE = 2
    POINT_THING = 3
    PUSH_LEFT = 4
    PUSH_RIGHT = 5
    RINSE = 6
    SHELVE = 7
    UNSHELVE = 8
    PICK_WIPED = 9
    PICK_OTHER = 10
    INSERT = 11
    TAKE = 12
    KNOCK = 13
    SHAKE = 14
    POINT_CONTAINER = 15
    OPEN = 16
    CLOSE = 17
    WIPE_BENCH = 18


_SENTENCES = {
    Verb.PICK: "picks up the {thing}",
    Verb.PUT: "puts the {thing} on the bench",
    Verb.WIPE: "wipes the {thing}",
    Verb.POINT_THING: "points at the {thing}",
    Verb.PUSH_LEFT: "pushes the {thing} to the left",
    Verb.PUSH_RIGHT: "pushes the {thing} to the right",
    Verb.RINSE: "rinses the {thing} in the sink",
    Verb.SHELVE: "puts the {thing} on the shelf",
    Verb.UNSHELVE: "takes the {thing} from the shelf",
    Verb.PICK_WIPED: "picks up the {thing} wiped before",
    Verb.PICK_OTHER: "picks up the other {thing}",
    Verb.INSERT: "puts the {thing} into the {container}",
    Verb.TAKE: "takes the {thing} out of the {container}",
    Verb.KNOCK: "knocks on the {container} with the {thing} inside",
    Verb.SHAKE: "shakes the {container} with the {thing} inside",
    Verb.POINT_CONTAINER: "points at the {container} with the {thing} inside",
    Verb.OPEN: "opens the {container}",
    Verb.CLOSE: "closes the {container}",
    Verb.WIPE_BENCH: "wipes the bench",
}
_CONTAINERS_OF = {
    Verb.INSERT: HIDING,
    Verb.TAKE: HIDING,
    Verb.KNOCK: LIDDED,
    Verb.SHAKE: SHAKEABLE,
    Verb.POINT_CONTAINER: HIDING,
    Verb.OPEN: LIDDED,
    Verb.CLOSE: LIDDED,
}


def sentence(verb: Verb, thing: int = NOTHING, container: int = NOTHING) -> str:
    """Say one activity in plain English; `thing` and `container` are indices where the verb names them."""
    return _SENTENCES[verb].format(
        thing=THINGS[thing] if thing >= 0 else "", container=CONTAINERS[container] if container >= 0 else ""
    )


def opening_sentence(kinds: tuple[int, ...]) -> str:
    """Describe the bench at time 0: its containers from left to right."""
    names = [f"a {CONTAINERS[kind]}" for kind in kinds]
    return f"a bench with {', '.join(names[:-1])} and {names[-1]}"


def all_texts() -> set[str]:
    """Every sentence that any video can contain, openings included."""
    texts = {opening_sentence(kinds) for kinds in permutations(range(len(CONTAINERS)), NUM_PLACES)}
    for verb, template in _SENTENCES.items():
        things = range(len(THINGS)) if "{thing}" in template else (NOTHING,)
        containers = _CONTAINERS_OF.get(verb, (NOTHING,))
        texts.update(sentence(verb, thing, container) for thing in things for container in containers)
    return texts
