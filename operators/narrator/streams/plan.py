"""What a stream is narrated with; fixed while it is open. No tensors."""

from dataclasses import dataclass

from operators.narrator.context import ContextRules
from operators.narrator.sequences import pieces
from operators.narrator.sequences.layout import SequenceLayout
from operators.narrator.sequences.pieces import Piece
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.trigger import Trigger


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What a stream is narrated with; fixed while it is open.

    Attributes:
        settings: As opened.
        rules: The context rules.
        layout: Pieces of the sequence.
        trigger: When it speaks.
        user: Piece with the user's prompt.
        num_memory_tokens: Tokens of its visual history.
        keeps_frames: Its visual history is the frames themselves: they stay visible.
        max_position: Largest position that may be used.
    """

    settings: StreamSettings
    rules: ContextRules
    layout: SequenceLayout
    trigger: Trigger
    user: tuple[int, ...]
    num_memory_tokens: int
    keeps_frames: bool
    max_position: int

    @property
    def opening_pieces(self) -> list[Piece]:
        """What is fed with the first frame."""
        return pieces.opening(self.layout, self.user)

    @property
    def num_opening_positions(self) -> int:
        """Positions that the opening takes up to the end of the prompt."""
        opening = sum(len(piece.token_ids) for piece in self.opening_pieces)
        return opening + len(self.layout.newline)

    @property
    def num_step_positions(self) -> int:
        """Positions that are taken at most before positions can be moved again: a segment with its narration.

        A stream that keeps its frames has no bound on its segments: it moves between any two frames.
        """
        frames = 1 if self.keeps_frames else self.settings.max_segment_frames
        return self.layout.num_segment_tokens(frames, self.num_memory_tokens) + self.settings.max_new_tokens
