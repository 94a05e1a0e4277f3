"""What one transaction contains."""

from dataclasses import dataclass

from operators.narrator.types import Narration
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import PartitionCheckpoint, StreamCheckpoint
from pipeline.messages.dead_letter import DeadLetter
from pipeline.messages.events import StreamEvent


@dataclass(frozen=True, slots=True)
class NumberedEvent:
    """A narration, gap, shed or fault with its place among the events of its stream.

    Attributes:
        stream: Stream id.
        epoch: Epoch of the publisher then.
        number: Number of the event in its stream.
        content: What there is to tell.
        prompt_version: Which prompt was in force; "" if it is no narration.
        origin_traceparent: Trace context of the narration's last frame, or None.
    """

    stream: str
    epoch: int
    number: int
    content: Narration | StreamEvent
    prompt_version: str = ""
    origin_traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class CommitPlan:
    """One transaction: all of it becomes true at once, or nothing.

    Attributes:
        events: In the order in which they happened.
        dead_letters: In the order in which they were refused.
        checkpoints: Changed records by stream; None is a tombstone.
        partition: The partition's new position.
        garbage: Blobs that no record names any more once the transaction is committed.
    """

    events: tuple[NumberedEvent, ...]
    dead_letters: tuple[DeadLetter, ...]
    checkpoints: tuple[tuple[str, StreamCheckpoint | None], ...]
    partition: PartitionCheckpoint
    garbage: tuple[BlobRef, ...]

    @property
    def num_narrations(self) -> int:
        """How many of the events are narrations."""
        return sum(isinstance(event.content, Narration) for event in self.events)
