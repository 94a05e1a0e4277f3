"""The next frame of one stream, on its way into the engine."""

from dataclasses import dataclass

import torch

from operators.narrator.types import FrameInput
from pipeline.messages.records import FramesEntry
from pipeline.narrator.owned_partition import OwnedPartition
from pipeline.narrator.stream import NarratedStream
from pipeline.narrator.work import Work


@dataclass(frozen=True, slots=True)
class Turn:
    """The record of a stream that has its turn.

    Attributes:
        stream: The stream.
        work: Its record.
        owned: Its partition.
    """

    stream: NarratedStream
    work: Work
    owned: OwnedPartition

    @property
    def entry(self) -> FramesEntry:
        """What the reader says of the record."""
        assert isinstance(self.work.entry, FramesEntry), "dead letters have no turn"
        return self.work.entry

    @property
    def end_time_ns(self) -> int:
        """Capture time of the record's last frame."""
        return self.entry.headers.capture_times_ns[-1]

    def frame(self) -> FrameInput:
        """The record's next frame, for the engine."""
        work, entry = self.work, self.entry
        assert work.features is not None, "a record with frames comes with their features"
        return FrameInput(
            stream=self.stream.name,
            position=work.position,
            capture_time_ns=entry.headers.capture_times_ns[work.next_frame],
            # A copy, because the array lies in Ray's shared memory, which must not be held or written.
            features=torch.from_numpy(work.features[work.next_row].copy()),
            end_of_stream=work.ends_stream and work.next_frame + 1 == work.num_frames,
            replay=self.stream.replayed_decision(work.position),
        )
