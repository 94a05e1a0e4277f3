"""The lives of a stream: from its first record, or the first behind its end, to its next end."""

from collections.abc import Sequence
from dataclasses import dataclass

from topologies.chaos.checker.events import Event
from topologies.chaos.checker.frames import FrameRecord, taken


@dataclass(frozen=True, slots=True)
class Life:
    """One life.

    Attributes:
        records: Its records that were not refused, in order.
        ended: Its last record ended the stream.
    """

    records: tuple[FrameRecord, ...]
    ended: bool

    @property
    def first_epoch(self) -> int:
        """Epoch of its first record; a later life has a greater one."""
        return self.records[0].epoch


def lives_of(records: Sequence[FrameRecord]) -> list[Life]:
    """Split a stream's records behind each one that ended the stream and was not refused."""
    lives: list[Life] = []
    begun: list[FrameRecord] = []
    for record in taken(records):
        begun.append(record)
        if record.ends:
            lives.append(Life(tuple(begun), ended=True))
            begun = []
    return [*lives, Life(tuple(begun), ended=False)] if begun else lives


def events_of_lives(lives: Sequence[Life], events: Sequence[Event]) -> list[list[Event]]:
    """The events of each life, by their epochs, in the given order; at least one list."""
    parts: list[list[Event]] = [[] for _ in lives] or [[]]
    for event in events:
        later = sum(life.first_epoch <= event.epoch for life in lives)
        parts[max(0, later - 1)].append(event)
    return parts
