"""One activity that the narrated hand may do next."""

from dataclasses import dataclass

from operators.datasets.world.vocabulary import NOTHING, Verb


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible activity.

    Attributes:
        verb: What the hand does.
        weight: How likely it is among the others.
        thing: Thing that it is done with and that its sentence names; NOTHING if none.
        place: Place of the container, NOTHING if none.
        slot: Slot on the bench, NOTHING if none.
        needs_memory: Whether its sentence can't be told from its own segment and the narrations before.
    """

    verb: Verb
    weight: float
    thing: int = NOTHING
    place: int = NOTHING
    slot: int = NOTHING
    needs_memory: bool = False
