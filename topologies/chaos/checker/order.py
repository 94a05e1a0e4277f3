"""Numbers, segments and positions of a stream's events grow, in the order in which readers get them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from topologies.chaos.checker.events import Event, Fault, Narration
from topologies.chaos.checker.frames import FrameRecord, taken
from topologies.chaos.checker.verdict import Category, Problem

MEMORY_FAULTS = frozenset({"memory-lost", "model-changed"})
"""After these, a stream begins anew with segment 0."""


def split_doubled(events: Sequence[Event]) -> tuple[list[Event], list[Event]]:
    """The first event of each id, and all later ones."""
    seen: set[tuple[int, int]] = set()
    first: list[Event] = []
    later: list[Event] = []
    for event in events:
        (later if (event.epoch, event.number) in seen else first).append(event)
        seen.add((event.epoch, event.number))
    return first, later


def order_problems(stream: str, partition: int, lives: Sequence[Sequence[Event]]) -> Iterator[Problem]:
    """Check the events of a stream.

    Args:
        stream: Stream id.
        partition: Its partition.
        lives: Its events by life, each in the order of the log, none twice.
    """

    def problem(category: Category, what: str, count: int = 1) -> Problem:
        return Problem(category, stream, partition, what, count)

    for events in lives:
        yield from (problem(Category.OUT_OF_ORDER, what) for what in _inversions(events))
        in_turn = sorted(events, key=lambda event: event.number)
        for before, after in pairwise(in_turn):
            if after.epoch < before.epoch:
                what = f"event {after.name} is of an older epoch than {before.name}"
                yield problem(Category.OUT_OF_ORDER, what)
        yield from (problem(Category.OUT_OF_ORDER, what) for what in _narrations_that_go_back(in_turn))
    for first, last in _missing_numbers(lives):
        what = f"events {first} to {last} are missing"
        yield problem(Category.LOST, what, last - first + 1)
    for before_life, later_life in pairwise(lives):
        if before_life and later_life and before_life[-1].offset > later_life[0].offset:
            what = f"event {before_life[-1].name} comes behind the next life, {later_life[0].name}"
            yield problem(Category.OUT_OF_ORDER, what)


def numbering_problems(stream: str, partition: int, records: Sequence[FrameRecord]) -> Iterator[Problem]:
    """Records that were taken although they repeat others: their frames were narrated twice."""
    newest = (-1, -1)
    for record in taken(records):
        if (record.epoch, record.sequence) <= newest:
            what = f"the record at {record.offset} repeats sequence {record.sequence} of epoch {record.epoch}"
            yield Problem(Category.DOUBLED, stream, partition, what, max(1, record.num_frames))
        else:
            newest = (record.epoch, record.sequence)


def _inversions(events: Sequence[Event]) -> Iterator[str]:
    highest = -1
    for event in events:
        if event.number < highest:
            yield f"event {event.name} comes behind number {highest}"
        highest = max(highest, event.number)


def _missing_numbers(lives: Sequence[Sequence[Event]]) -> Iterator[tuple[int, int]]:
    """Ranges of numbers that are not there.

    A life goes on with the numbers of the one before it, or begins with 0 if that one had been forgotten.
    """
    last = -1
    for events in lives:
        numbers = sorted(event.number for event in events)
        if not numbers:
            continue
        if numbers[0] <= last:
            last = -1
        for number in numbers:
            if number > last + 1:
                yield last + 1, number - 1
            last = number


def _narrations_that_go_back(events: Sequence[Event]) -> Iterator[str]:
    previous: Event | None = None
    for event in events:
        if isinstance(event.body, Fault) and event.body.kind in MEMORY_FAULTS:
            previous = None
        if not isinstance(event.body, Narration):
            continue
        now = event.body
        if now.end < now.start:
            yield f"the segment of {event.name} ends at {now.end}, before its start {now.start}"
        if previous is not None:
            then = previous.body
            assert isinstance(then, Narration)
            # A start within the segment before it is a doubled frame, which the tiling tells.
            if now.start <= then.start or now.end <= then.end or now.segment <= then.segment:
                yield f"segment {now.segment} of {event.name} does not go on behind {previous.name}"
        previous = event
