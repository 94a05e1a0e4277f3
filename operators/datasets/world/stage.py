"""The tracks of one video: hands, lids, things. The script writes them, drawing and labels read them."""

from operators.datasets.world.geometry import ABOVE_Y, HOME_X, PLACE_X, PLACE_Y, REST_Y
from operators.datasets.world.hand_track import HandTrack
from operators.datasets.world.tracks import RampTrack, StepTrack
from operators.datasets.world.vocabulary import CONTAINERS, NOTHING, NUM_SLOTS

NO_TARGET = 0
BENCH_TARGET = 1 + len(CONTAINERS) + NUM_SLOTS
NUM_TARGETS = BENCH_TARGET + 1
"""Codes of what a hand works on: nothing, a container kind, a slot, the bench."""

FORGET_S = 1.0
"""How long after an activity a memory still has to hold what its narration needs: a late narrator may ask."""


def container_target(kind: int) -> int:
    """Target code of a kind of container."""
    return 1 + kind


def slot_target(slot: int) -> int:
    """Target code of a slot."""
    return 1 + len(CONTAINERS) + slot


class Stage:
    """Everything that changes during a video.

    Attributes:
        kinds: Kind of container in each place, from left to right.
        main: The narrated hand.
        other: The bystander's hand that carries things.
        helper: The bystander's second hand, which holds lids.
        lids: Per place, how far the container is open, 0 to 1.
        shakes: Per place, how far the container is shifted to the right, units.
        slots: Per slot, the thing that lies there.
        shelf: The thing on the shelf.
        contents: Per place, the thing that a watcher knows to be hidden in it.
        wiped: Slot of the wiped one of two equal things, NOTHING if there is none.
    """

    def __init__(self, kinds: tuple[int, ...], open_places: tuple[bool, ...]) -> None:
        self.kinds = kinds
        self.main = HandTrack(HOME_X, REST_Y)
        self.other = HandTrack(HOME_X, ABOVE_Y)
        self.helper = HandTrack(HOME_X, ABOVE_Y)
        self.lids = [RampTrack(float(is_open)) for is_open in open_places]
        self.shakes = [RampTrack(0.0) for _ in kinds]
        self.slots = [StepTrack(NOTHING) for _ in range(NUM_SLOTS)]
        self.shelf = StepTrack(NOTHING)
        self.contents = [StepTrack(NOTHING) for _ in kinds]
        self.wiped = StepTrack(NOTHING)

    def place_of(self, kind: int) -> int:
        """Place of a kind of container, NOTHING if the video has none."""
        return self.kinds.index(kind) if kind in self.kinds else NOTHING

    def point(self, place: int, offset_y: float) -> tuple[float, float]:
        """Position `offset_y` over the foot of the container in a place."""
        return PLACE_X[place], PLACE_Y + offset_y
