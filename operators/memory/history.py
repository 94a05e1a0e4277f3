"""The visual history: what a stream remembers of all its frames, behind one interface."""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor

HistoryState = Mapping[str, Tensor]
"""State of B streams: named tensors with the streams first, [B, ...]. Immutable: updates return a new one."""


class VisualHistory(Protocol):
    """A visual history. Streaming: `state = update(state, features)` per frame, `read(state)` per segment.

    Attributes:
        name: Name in settings.
        num_tokens: M, tokens that a read returns and that open a segment; 0 if segments open without any.
        keeps_frames: The frames themselves stay visible after their segment (VideoLLM-online).
        token_wise: The state is a recurrence over tokens, so that it may be read inside a frame; otherwise
            every update takes whole frames.
        state_bytes: Size of one stream's state; it does not grow.
    """

    name: str
    num_tokens: int
    keeps_frames: bool
    token_wise: bool

    @property
    def state_bytes(self) -> int:
        """Size of one stream's state, bytes."""
        ...

    def initial_state(self, batch: int) -> HistoryState:
        """The state of streams that have seen nothing."""
        ...

    def update(self, state: HistoryState, features: Tensor) -> HistoryState:
        """Fold one frame (if `token_wise`: any number of tokens) [B, N, D] of each stream into its state."""
        ...

    def read(self, state: HistoryState) -> Tensor:
        """Memory tokens [B, M, D], of the vision tower's width: the connector comes after."""
        ...
