"""What an engine tells somebody who looks inside: for comparisons and traces, never for narrating."""

from typing import Protocol

from torch import Tensor

from operators.narrator.streams.stream import Stream
from operators.narrator.types import FrameOutcome


class EngineObserver(Protocol):
    """Is called with the engine's own stream states: read them at once, and change nothing."""

    def frame_shown(self, stream: Stream, logits: Tensor) -> None:
        """A frame was fed; logits [vocabulary] after its last token (an opening's: after its prompt)."""
        ...

    def token_chosen(self, stream: Stream, logits: Tensor) -> None:
        """The next token of a narration is chosen from logits [vocabulary]."""
        ...

    def narration_written(self, stream: Stream) -> None:
        """A narration is complete; nothing is pruned yet."""
        ...

    def frame_finished(self, stream: Stream, outcome: FrameOutcome) -> None:
        """Everything that a frame causes was done, pruning too; positions are not moved yet."""
        ...
