"""What was read while it was written equals what is read at the end."""

from collections.abc import Iterator, Sequence

from topologies.chaos.checker.events import Event
from topologies.chaos.checker.verdict import Category, Problem


def rereading_problems(live: Sequence[Event], again: Sequence[Event]) -> Iterator[Problem]:
    """Compare two readings of the events.

    Args:
        live: As a reader got them that was there all the time; it may have stopped earlier.
        again: As another one gets them at the end.
    """
    first = {(event.partition, event.offset): event for event in live}
    second = {(event.partition, event.offset): event for event in again}
    ends = dict(sorted(first))
    for place, event in first.items():
        if place not in second:
            yield _problem(Category.CHANGED_TEXT, event, "was read and is not there any more")
        elif second[place].content != event.content:
            yield _problem(Category.CHANGED_TEXT, event, "is another one when it is read again")
    for place, event in second.items():
        if place not in first and event.offset < ends.get(event.partition, -1):
            yield _problem(Category.LOST, event, "was not seen by a reader that was there")


def _problem(category: Category, event: Event, what: str) -> Problem:
    return Problem(category, event.stream, event.partition, f"event {event.name} {what}")
