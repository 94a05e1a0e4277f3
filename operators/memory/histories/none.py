"""No history: what left the context is gone; the baseline without visual memory."""

import torch
from torch import Tensor

from operators.memory.histories.checks import checked_features
from operators.memory.history import HistoryState


class NoHistory:
    """Reads zeros, so that the context has the same length as with a memory, but nothing of the past.

    The 'no history frames' of the paper's ablation of visual histories (arXiv 2606.00620). The state is a
    tensor of width 0, which tells the number of streams and weighs nothing.

    Args:
        num_tokens: M, zeros that a read returns.
        dim: D.
        device: Device of the state.
    """

    name = "none"
    keeps_frames = False
    token_wise = True
    state_bytes = 0

    def __init__(self, num_tokens: int, dim: int, device: torch.device | str = "cpu") -> None:
        self.num_tokens = num_tokens
        self._dim = dim
        self._device = torch.device(device)

    def initial_state(self, batch: int) -> HistoryState:
        """{"nothing": [B, 0] float32}."""
        return {"nothing": torch.zeros(batch, 0, device=self._device)}

    def update(self, state: HistoryState, features: Tensor) -> HistoryState:
        """The state itself: features [B, N, D] are checked and forgotten.

        Raises:
            OperatorError: The features' shape does not fit.
        """
        checked_features(self.name, features, len(state["nothing"]), self._dim)
        return state

    def read(self, state: HistoryState) -> Tensor:
        """Zeros [B, M, D] float32."""
        nothing = state["nothing"]
        return nothing.new_zeros(len(nothing), self.num_tokens, self._dim)
