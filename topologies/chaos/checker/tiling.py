"""Every frame of a stream is covered exactly once: by a narration, or by an event that says why by none.

Frames of refused records are covered by their dead letter and belong to nothing else. Left-out and deleted
ranges cover exactly what they say. A fault, then a narration, covers what else lies in its range.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from topologies.chaos.checker.events import Event, Fault, Gap, LeftOut, Narration
from topologies.chaos.checker.frames import FrameRecord, taken
from topologies.chaos.checker.records import Position
from topologies.chaos.checker.verdict import Category, Problem


@dataclass(slots=True)
class Tiling:
    """How the frames of one stream are covered.

    Attributes:
        problems: Frames that are lost or doubled.
        wrong: Positions of these frames.
    """

    problems: list[Problem] = field(default_factory=list)
    wrong: set[Position] = field(default_factory=set)


def tile(
    stream: str, partition: int, records: Sequence[FrameRecord], events: Sequence[Event], *, ended: bool
) -> Tiling:
    """Lay the events of a stream over its frames.

    Args:
        stream: Stream id.
        partition: Its partition.
        records: All its records in order.
        events: Its events, none twice.
        ended: The stream has ended: no frame may wait for a narration that is still to come.
    """
    floor = _Floor(stream, partition, [p for record in taken(records) for p in record.positions])
    for event in events:
        if isinstance(event.body, LeftOut):
            for first, last, num_frames in event.body.ranges:
                floor.cover(event, first, last, num_frames, only_bare=False)
        elif isinstance(event.body, Gap) and event.body.offsets is not None:
            deleted_from, deleted_to = event.body.offsets
            floor.cover(event, (deleted_from, 0), (deleted_to + 1, -1), None, only_bare=False)
    for event in events:
        if isinstance(event.body, Fault) and event.body.through is not None:
            offset, index = event.body.after or (-1, -1)
            floor.cover(event, (offset, index + 1), event.body.through, None, only_bare=True)
    floor.narrate([event for event in events if isinstance(event.body, Narration)])
    return floor.finish(ended=ended)


class _Floor:
    """The frames of a stream, and how often each is covered."""

    def __init__(self, stream: str, partition: int, positions: list[Position]) -> None:
        self._stream, self._partition = stream, partition
        self._positions = positions
        self._covered = [0] * len(positions)
        self._tiling = Tiling()

    def cover(
        self, event: Event, first: Position, last: Position, num_frames: int | None, *, only_bare: bool
    ) -> None:
        """Cover a range, or what is bare of it; `num_frames` is what the event says of it."""
        places = self._between(first, last)
        if num_frames is not None and num_frames != len(places):
            self._miscounted(event, num_frames, len(places), places)
        for place in places:
            if not only_bare or not self._covered[place]:
                self._covered[place] += 1

    def narrate(self, events: Iterable[Event]) -> None:
        """Cover with narrations what nothing else covers."""
        bare = [not covered for covered in self._covered]
        for event in events:
            narration = event.body
            assert isinstance(narration, Narration)
            places = [place for place in self._between(narration.start, narration.end) if bare[place]]
            if narration.num_frames != len(places):
                self._miscounted(event, narration.num_frames, len(places), places)
            for place in places:
                self._covered[place] += 1

    def finish(self, *, ended: bool) -> Tiling:
        """What is covered never or more than once."""
        last = max((place for place, covered in enumerate(self._covered) if covered), default=-1)
        # Behind the last narration, frames of a stream that goes on wait for the next one.
        lost = [p for p, covered in enumerate(self._covered) if not covered and (ended or p < last)]
        doubled = [place for place, covered in enumerate(self._covered) if covered > 1]
        for places, category, what in (
            (lost, Category.LOST, "covered by nothing"),
            (doubled, Category.DOUBLED, "covered more than once"),
        ):
            for run in _runs(places):
                at = f"{self._positions[run[0]]} to {self._positions[run[-1]]}"
                self._report(category, f"frames {at} are {what}", len(run), run)
        return self._tiling

    def _miscounted(self, event: Event, said: int, found: int, places: Iterable[int]) -> None:
        category = Category.LOST if said < found else Category.DOUBLED
        number = "no number of frames" if said < 0 else f"{said} frames"
        what = f"event {event.name} says {number}, its range has {found}"
        self._report(category, what, abs(found - max(said, 0)), places)

    def _report(self, category: Category, what: str, count: int, places: Iterable[int]) -> None:
        self._tiling.problems.append(Problem(category, self._stream, self._partition, what, max(1, count)))
        self._tiling.wrong.update(self._positions[place] for place in places)

    def _between(self, first: Position, last: Position) -> range:
        return range(bisect_left(self._positions, first), bisect_right(self._positions, last))


def _runs(places: Sequence[int]) -> list[list[int]]:
    """Successive numbers put together."""
    runs: list[list[int]] = []
    for place in places:
        if runs and place == runs[-1][-1] + 1:
            runs[-1].append(place)
        else:
            runs.append([place])
    return runs
