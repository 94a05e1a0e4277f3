"""One layer of the language model: attention and MLP over packed tokens, with fused projections."""

from typing import Protocol

from torch import Tensor, nn
from torch.nn import functional

from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.language.frame_rows import FrameRows


class Attention(Protocol):
    """What a layer's tokens see. Rotates queries and keys by their positions; may keep keys and values."""

    def __call__(
        self, layer: int, queries: Tensor, keys: Tensor, values: Tensor, rows: Tensor | None
    ) -> Tensor:
        """Attend.

        Args:
            layer: Number of the layer, from 0.
            queries: [R, heads, D], not rotated.
            keys: [R, kv_heads, D], not rotated.
            values: [R, kv_heads, D].
            rows: int64 [R], which of the pass's tokens take part in this layer, in any order; no token sees
                the others in this layer, now or later. None: all, in their order (R = T).

        Returns:
            [R, heads, D].
        """
        ...


class DecoderLayer(nn.Module):
    """Attention and MLP, each behind a norm and with a residual."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        hidden, head_dim = config.hidden_size, config.head_dim
        self.heads = (config.num_heads, config.num_kv_heads, config.num_kv_heads)
        self.input_norm = nn.RMSNorm(hidden, eps=config.norm_eps)
        self.qkv = nn.Linear(hidden, sum(self.heads) * head_dim, bias=False)
        self.query_norm = nn.RMSNorm(head_dim, eps=config.norm_eps) if config.normed_heads else None
        self.key_norm = nn.RMSNorm(head_dim, eps=config.norm_eps) if config.normed_heads else None
        self.output = nn.Linear(config.num_heads * head_dim, hidden, bias=False)
        self.mlp_norm = nn.RMSNorm(hidden, eps=config.norm_eps)
        self.gate_up = nn.Linear(hidden, 2 * config.mlp_size, bias=False)
        self.down = nn.Linear(config.mlp_size, hidden, bias=False)

    def forward(self, hidden: Tensor, number: int, attention: Attention, frames: FrameRows | None) -> Tensor:
        """Run the layer.

        Args:
            hidden: [T, hidden]; not mutated.
            number: Of the layer, from 0.
            attention: What the tokens see.
            frames: Rows of the pass's frames; only a layer that routes looks at it.

        Returns:
            [T, hidden].
        """
        hidden = hidden + self.attend(hidden, number, attention, None)
        return hidden + self.transform(hidden)

    def attend(self, hidden: Tensor, number: int, attention: Attention, rows: Tensor | None) -> Tensor:
        """What attention adds to the rows [R, hidden] that take part; see `Attention` for them."""
        fused = self.qkv(self.input_norm(hidden)).unflatten(-1, (sum(self.heads), -1))  # [R, heads, D]
        queries, keys, values = fused.split(self.heads, dim=-2)
        if self.query_norm is not None and self.key_norm is not None:
            queries, keys = self.query_norm(queries), self.key_norm(keys)
        attended: Tensor = self.output(attention(number, queries, keys, values, rows).flatten(-2))
        return attended

    def transform(self, hidden: Tensor) -> Tensor:
        """What the MLP adds to [R, hidden]."""
        gate, up = self.gate_up(self.mlp_norm(hidden)).chunk(2, dim=-1)
        added: Tensor = self.down(functional.silu(gate) * up)
        return added
