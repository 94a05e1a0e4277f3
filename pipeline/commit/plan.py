"""What one transaction contains."""

from dataclasses import dataclass

from operators.narrator.types import Narration
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import PartitionCheckpoint, StreamCheckpoint
from pipeline.messages.dead_letter import DeadLetter


@dataclass(frozen=True, slots=True)
class NumberedNarration:
    """A narration with its place among the events of its stream.

    Attributes:
        stream: Stream id.
        epoch: Epoch of the publisher at the narration's last frame.
        number: Number of the event in its stream.
        narration: The narration.
        prompt_version: Which prompt was in force.
        origin_traceparent: Trace context of the narration's last frame, or None.
    """

    stream: str
    epoch: int
    number: int
    narration: Narration
    prompt_version: str
    origin_traceparent: str | None


@dataclass(frozen=True, slots=True)
class CommitPlan:
    """One transaction: all of it becomes true at once, or nothing.

    Attributes:
        narrations: In the order in which they were made.
        dead_letters: In the order in which they were refused.
        checkpoints: Changed records by stream; None is a tombstone.
        partition: The partition's new position.
        garbage: Blobs that no record names any more once the transaction is committed.
    """

    narrations: tuple[NumberedNarration, ...]
    dead_letters: tuple[DeadLetter, ...]
    checkpoints: tuple[tuple[str, StreamCheckpoint | None], ...]
    partition: PartitionCheckpoint
    garbage: tuple[BlobRef, ...]
