"""Token MLP: an MLP weighs old memory tokens and new frame tokens into new memory tokens."""

import torch
from torch import Tensor, nn

from operators.errors import OperatorError
from operators.memory.config import ClamConfig
from operators.memory.histories.checks import checked_features
from operators.memory.history import HistoryState

HIDDEN_DIM = 64
"""Width of the MLP between the tokens and their weights; that of Token Turing Machines' code."""


class TokenMlp(nn.Module):
    """M memory tokens, rewritten at every frame.

    X = [memory; frame] [M+N, D], W = softmax over tokens of MLP(norm(X) + position) + bias [M+N, M],
    memory <- W^T X. This is the token summarisation with which Token Turing Machines (arXiv 2211.09119)
    write their memory, without the processing unit. The paper compares its memory with 'TokenMLP'
    (arXiv 2606.00620, Table 5); its definition could not be looked up. Every memory token is a convex
    combination of the start and of all frame tokens, so that the state is bounded however long the stream.

    Args:
        config: Sizes: `model_dim`, `num_memory_tokens` and `tokens_per_frame`. `gate_bias_init` (low, high)
            spreads over the memory tokens how strongly each keeps itself at the start; with None all do
            equally little. The other fields have no effect.
    """

    name = "token_mlp"
    keeps_frames = False
    token_wise = False

    def __init__(self, config: ClamConfig) -> None:
        super().__init__()
        self.config = config
        dim, self.num_tokens = config.model_dim, config.num_memory_tokens
        num_seen = self.num_tokens + config.tokens_per_frame
        self.start = nn.Parameter(torch.randn(self.num_tokens, dim))
        self.position = nn.Parameter(torch.randn(num_seen, dim) * 0.02)
        self.bias = nn.Parameter(torch.zeros(num_seen, self.num_tokens))
        self.norm = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(
            nn.Linear(dim, HIDDEN_DIM), nn.GELU(), nn.Linear(HIDDEN_DIM, self.num_tokens)
        )
        if config.gate_bias_init is not None:
            with torch.no_grad():
                self.bias.diagonal().copy_(torch.linspace(*config.gate_bias_init, self.num_tokens))

    @property
    def state_bytes(self) -> int:
        """Size of one stream's state, bytes (float32)."""
        return 4 * self.start.numel()

    def initial_state(self, batch: int) -> HistoryState:
        """{"memory": the learned start [B, M, D]}, dtype and device of the weights."""
        return {"memory": self.start.expand(batch, -1, -1).clone()}

    def update(self, state: HistoryState, features: Tensor) -> HistoryState:
        """Fold one frame [B, N, D] into the memory.

        Raises:
            OperatorError: The features' shape does not fit.
        """
        memory = state["memory"]
        size, dim = self.config.tokens_per_frame, self.config.model_dim
        frame = checked_features(self.name, features, len(memory), dim, size, dtype=memory.dtype)
        with torch.autocast(memory.device.type, enabled=False):
            return {"memory": self._rewrite(memory, frame)}

    def read(self, state: HistoryState) -> Tensor:
        """Memory tokens [B, M, D]."""
        return state["memory"].clone()

    def forward_all(self, tokens: Tensor, read_at: Tensor | None = None) -> Tensor:
        """Memory tokens after whole frames of whole videos, one frame after the other; differentiable.

        Args:
            tokens: [B, F * N, D], any floating dtype.
            read_at: Indices of last tokens of frames, int64 [R] or [B, R]; None reads after every frame.

        Returns:
            [B, R, M, D].

        Raises:
            OperatorError: The tokens are no whole frames, or an index is not that of a frame's last token.
        """
        size = self.config.tokens_per_frame
        if tokens.ndim != 3 or tokens.shape[1] % size or not tokens.shape[1]:
            raise OperatorError(f"history {self.name}: need frames of {size}, got {list(tokens.shape)}.")
        state, memories = self.initial_state(len(tokens)), []
        for frame in tokens.reshape(len(tokens), -1, size, tokens.shape[2]).unbind(1):
            state = self.update(state, frame)
            memories.append(state["memory"])
        stacked = torch.stack(memories, dim=1)  # [B, F, M, D]
        if read_at is None:
            return stacked
        if bool((read_at % size != size - 1).any()) or bool((read_at >= tokens.shape[1]).any()):
            raise OperatorError(
                f"history {self.name}: read_at must be k * {size} - 1, below {tokens.shape[1]}.",
                action="Read after whole frames only.",
            )
        frames = (read_at.to(tokens.device) // size).expand(len(tokens), -1)
        return stacked[torch.arange(len(tokens), device=tokens.device)[:, None], frames]

    def _rewrite(self, memory: Tensor, frame: Tensor) -> Tensor:
        seen = torch.cat((memory, frame), dim=1)  # [B, M+N, D]
        logits: Tensor = self.mlp(self.norm(seen) + self.position) + self.bias  # [B, M+N, M]
        return logits.softmax(dim=1).transpose(1, 2) @ seen
