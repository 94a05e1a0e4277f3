"""One layer of the memory: constant queries read a state that gated linear attention writes."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from operators.memory.config import LOW_RANK_GATE, ClamConfig

NORM_EPS = 1e-5


class TokenFields(NamedTuple):
    """What a layer takes from T tokens.

    Attributes:
        keys: [B, T, H, K].
        values: [B, T, H, V].
        log_gates: [B, T, H, K], log-sigmoid of the gate projection.
    """

    keys: Tensor
    values: Tensor
    log_gates: Tensor


class PreparedQueries(NamedTuple):
    """What a layer's queries are before they meet the state.

    Attributes:
        residual: [..., M, D], the queries after self-attention.
        queries: [..., M, H, K], scaled by 1 / sqrt(K).
        output_gate: [..., M, H, V], SiLU of the gate projection.
    """

    residual: Tensor
    queries: Tensor
    output_gate: Tensor


class ClamLayer(nn.Module):
    """Self-attention of the queries, gated cross linear attention to the state, gated MLP.

    The names of the submodules are those of the released checkpoints.
    """

    def __init__(self, config: ClamConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.model_dim
        self.self_attn = nn.MultiheadAttention(dim, config.num_heads, batch_first=True)
        self.norm1 = nn.LayerNorm(dim, eps=NORM_EPS)
        self.multihead_attn = GatedCrossAttention(config)
        self.norm2 = nn.RMSNorm(dim, eps=NORM_EPS)
        self.mlp = GatedMlp(dim, config.mlp_dim)
        self.mlp_norm = nn.RMSNorm(dim, eps=NORM_EPS)

    def prepare(self, target: Tensor, query_embed: Tensor) -> PreparedQueries:
        """Everything of a read that does not need this layer's state.

        Args:
            target: [..., M, D], zeros or the learned start for the first layer, else the layer before.
            query_embed: [M, D].
        """
        shape = target.shape
        flat = target.reshape(-1, *shape[-2:])
        placed = flat + query_embed
        attended, _ = self.self_attn(placed, placed, flat, need_weights=False)
        residual = self.norm1(flat + attended).view(shape)
        attention = self.multihead_attn
        placed = residual + query_embed
        heads = (*shape[:-1], self.config.num_heads, -1)
        queries = attention.q(placed).view(heads) * self.config.key_dim**-0.5
        output_gate = functional.silu(attention.g_proj(placed)).view(heads)
        return PreparedQueries(residual, queries, output_gate)

    def read(self, prepared: PreparedQueries, state: Tensor) -> Tensor:
        """Read the state [..., H, K, V] -> [..., M, D]; `prepared` may lack the leading dimensions."""
        attention = self.multihead_attn
        read = (prepared.queries.transpose(-3, -2) @ state).transpose(-3, -2)  # [..., M, H, V]
        gated = attention.g_norm(read) * prepared.output_gate
        hidden = self.norm2(prepared.residual + attention.o_proj(gated.flatten(-2)))
        normed: Tensor = self.mlp_norm(hidden + self.mlp(hidden))
        return normed


class GatedCrossAttention(nn.Module):
    """The projections of the gated cross linear attention."""

    def __init__(self, config: ClamConfig) -> None:
        super().__init__()
        dim, num_keys = config.model_dim, config.num_heads * config.key_dim
        self.num_heads = config.num_heads
        self.q = nn.Linear(dim, num_keys, bias=False)
        self.k = nn.Linear(dim, num_keys, bias=False)
        self.v = nn.Linear(dim, dim, bias=False)
        self.gk_proj = nn.Sequential(
            nn.Linear(dim, LOW_RANK_GATE, bias=False), nn.Linear(LOW_RANK_GATE, num_keys)
        )
        self.g_proj = nn.Linear(dim, dim, bias=False)
        self.g_norm = nn.RMSNorm(config.value_dim, eps=NORM_EPS)
        self.o_proj = nn.Linear(dim, dim, bias=False)
        if config.gate_bias_init is not None:
            low, high = config.gate_bias_init
            with torch.no_grad():
                self.gate_bias.copy_(torch.linspace(low, high, config.key_dim).repeat(config.num_heads))

    @property
    def gate_bias(self) -> Tensor:
        """Bias of the state gate [H x K]."""
        projection = self.gk_proj[1]
        assert isinstance(projection, nn.Linear)
        return projection.bias

    def token_fields(self, tokens: Tensor) -> TokenFields:
        """Keys, values and log gates of tokens [B, T, D]."""
        heads = (*tokens.shape[:-1], self.num_heads, -1)
        log_gates = functional.logsigmoid(self.gk_proj(tokens))
        return TokenFields(self.k(tokens).view(heads), self.v(tokens).view(heads), log_gates.view(heads))


class GatedMlp(nn.Module):
    """down(SiLU(a) * b), where gate_proj gives a and b one behind the other."""

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(dim, 2 * hidden, bias=False)
        self.down_proj = nn.Linear(hidden, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[..., D] -> [..., D]."""
        gate, value = self.gate_proj(x).chunk(2, dim=-1)
        down: Tensor = self.down_proj(functional.silu(gate) * value)
        return down
