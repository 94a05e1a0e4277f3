"""RetNet's retention in CLAM's place: each head forgets at a fixed rate instead of through learned gates."""

from dataclasses import replace

import torch
from torch import Tensor

from operators.memory.clam import Clam
from operators.memory.clam_layer import GatedCrossAttention, TokenFields
from operators.memory.config import ClamConfig
from operators.memory.histories.clam import ClamHistory

FIRST_DECAY_BIT = 5
"""gamma_h = 1 - 2^-(5 + h)."""


class RetNetMemory(ClamHistory):
    """The recurrence of RetNet, read by constant queries.

    RetNet (arXiv 2307.08621): S_n = gamma S_{n-1} + k_n^T v_n (section 2.1, eq. 6), one fixed gamma per head
    (section 2.2, eq. 8). Everything else is CLAM's; so this is how the 'restructured RetNet' of the paper's
    comparison (arXiv 2606.00620, Table 5) is read here. RetNet's rotation of keys by their position is left
    out: the queries of a memory have no position.

    Args:
        config: Sizes; `gate_bias_init` has no effect.
    """

    name = "retnet"

    def __init__(self, config: ClamConfig) -> None:
        clam = Clam(config)
        for layer in clam.memory_layers:
            layer.multihead_attn = FixedDecayAttention(config)
        super().__init__(clam)


class FixedDecayAttention(GatedCrossAttention):
    """Cross linear attention whose log gates are constants; it has no gate projection."""

    log_decays: Tensor

    def __init__(self, config: ClamConfig) -> None:
        super().__init__(replace(config, gate_bias_init=None))
        del self.gk_proj
        self.register_buffer("log_decays", log_decays(config.num_heads), persistent=False)

    @property
    def gate_bias(self) -> Tensor:
        """The bias of a sigmoid gate that would give the same decay, [H x K]."""
        key_dim = self.k.out_features // self.num_heads
        return torch.logit(self.log_decays.exp()).repeat_interleave(key_dim)

    def token_fields(self, tokens: Tensor) -> TokenFields:
        """Keys, values and constant log gates of tokens [B, T, D]."""
        heads = (*tokens.shape[:-1], self.num_heads, -1)
        keys = self.k(tokens).view(heads)
        return TokenFields(keys, self.v(tokens).view(heads), self.log_decays[:, None].expand_as(keys))


def log_decays(num_heads: int) -> Tensor:
    """ln gamma_h = ln(1 - 2^-(5 + h)) for h = 0 ... H-1, [H] float32; half-lives of 22, 44, 88 ... tokens."""
    bits = torch.arange(FIRST_DECAY_BIT, FIRST_DECAY_BIT + num_heads, dtype=torch.float64)
    return torch.log1p(-(2.0**-bits)).float()
