"""Where everything is, in units: the picture is 384 units wide and high, y grows downwards.

The bench fills the picture below a strip of room. Four containers stand along its back, and three slots for
things lie before the gaps between them, so that an arm reaching for a container covers no slot. The narrated
hand comes from below, bystanders' hands from above.
"""

from operators.datasets.world.vocabulary import BOX, CHEST, DRAWER, KINDS, POT, SHELF, SINK

PICTURE = 384.0
MARGIN = 24.0
"""Border that is drawn around the picture, so that a swaying camera never looks past the drawing."""

ROOM_EDGE_Y = 50.0
"""Height of the bench's far edge: above it is the room."""

PLACE_X = (56.0, 147.0, 237.0, 328.0)
PLACE_Y = 198.0
"""Where a container's front touches the bench."""
SLOT_X = (101.5, 192.0, 282.5)
SLOT_Y = 290.0
"""Where a thing in a slot touches the bench."""

HOME_X, HOME_Y = 192.0, 346.0
"""Where the narrated hand returns to after an activity."""
REST_Y = 376.0
BELOW_Y = 462.0
"""Height at which the narrated hand and what it holds are out of the picture."""
ABOVE_Y = -92.0
"""Height at which a bystander's hand and what it holds are out of the picture."""

THING_HEIGHT = dict(zip(KINDS, (46.0, 52.0, 66.0, 44.0, 38.0, 60.0, 58.0, 52.0), strict=True))
GRIP_BELOW = 12.0
"""How far a hand that holds a thing from below overlaps it."""
GRIP_ABOVE = 12.0
PUSH_REACH = 38.0
"""How far beside a thing the hand is that pushes it."""
HOVER = 16.0
"""How far over an opening a thing is shown before it goes in."""

MOUTH_Y = {DRAWER: -60.0, BOX: -70.0, POT: -62.0, CHEST: -60.0, SINK: -30.0, SHELF: -7.0}
"""Height of each container's opening over `PLACE_Y`; for the shelf, of the board that carries the thing."""
LID_Y = {
    DRAWER: (-46.0, -16.0),
    BOX: (-60.0, -104.0),
    POT: (-80.0, -112.0),
    CHEST: (-56.0, -106.0),
}
"""Height over `PLACE_Y` at which a hand holds the lid or handle, closed and open."""
FRONT_Y = {DRAWER: -34.0, BOX: -26.0, POT: -26.0, CHEST: -22.0, SINK: -14.0}
"""Height over `PLACE_Y` at which a hand knocks on a container or points at it."""


def thing_height(thing: int) -> float:
    """Height in units of a thing's picture."""
    return THING_HEIGHT[KINDS[thing // 5]]
