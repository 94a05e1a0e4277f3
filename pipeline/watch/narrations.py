"""Reads the narrations among the events of streams, and nothing else."""

from typing import TypeAlias

from pipeline.watch.events import ReadEvent, StreamReader
from pipeline.wire.cloud_event import CloudEvent
from pipeline.wire.narration_event import NARRATION_TYPE, NarrationEvent, narration_of

ReadNarration: TypeAlias = ReadEvent[NarrationEvent]


class NarrationReader(StreamReader[NarrationEvent]):
    """Reads narrations."""

    def event_of(self, event: CloudEvent) -> NarrationEvent | None:
        """The narration; None for events of other types."""
        return narration_of(event) if event.type == NARRATION_TYPE else None
