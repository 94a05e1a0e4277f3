"""Has the narrated hand play the activity that was chosen."""

from collections.abc import Callable

from operators.datasets.world import container_acts, thing_acts
from operators.datasets.world.arm import Arm
from operators.datasets.world.choice import Choice
from operators.datasets.world.vocabulary import Verb

_ACTIVITIES: dict[Verb, Callable[[Arm, Choice], None]] = {
    Verb.PICK: lambda arm, choice: thing_acts.pick(arm, choice.slot),
    Verb.PICK_WIPED: lambda arm, choice: thing_acts.pick(arm, choice.slot),
    Verb.PICK_OTHER: lambda arm, choice: thing_acts.pick(arm, choice.slot),
    Verb.PUT: lambda arm, choice: thing_acts.put(arm, choice.slot, choice.thing),
    Verb.WIPE: lambda arm, choice: thing_acts.wipe(arm, choice.slot),
    Verb.WIPE_BENCH: lambda arm, _: thing_acts.wipe_bench(arm),
    Verb.POINT_THING: lambda arm, choice: thing_acts.point_at_thing(arm, choice.slot),
    Verb.PUSH_LEFT: lambda arm, choice: thing_acts.push(arm, choice.slot, -1),
    Verb.PUSH_RIGHT: lambda arm, choice: thing_acts.push(arm, choice.slot, 1),
    Verb.SHELVE: lambda arm, choice: thing_acts.shelve(arm, choice.place, choice.thing),
    Verb.UNSHELVE: lambda arm, choice: thing_acts.unshelve(arm, choice.place),
    Verb.RINSE: lambda arm, choice: container_acts.rinse(arm, choice.place, choice.thing),
    Verb.INSERT: lambda arm, choice: container_acts.insert(arm, choice.place, choice.thing),
    Verb.TAKE: lambda arm, choice: container_acts.take(arm, choice.place),
    Verb.KNOCK: lambda arm, choice: container_acts.knock(arm, choice.place),
    Verb.SHAKE: lambda arm, choice: container_acts.shake(arm, choice.place),
    Verb.POINT_CONTAINER: lambda arm, choice: container_acts.point_at_container(arm, choice.place),
    Verb.OPEN: lambda arm, choice: container_acts.open_lid(arm, choice.place),
    Verb.CLOSE: lambda arm, choice: container_acts.close_lid(arm, choice.place),
}


def perform(arm: Arm, choice: Choice) -> None:
    """Play one activity from where the hand is until it has visibly finished."""
    _ACTIVITIES[choice.verb](arm, choice)
