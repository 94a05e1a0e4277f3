"""Sizes and start values of the memory; free of torch, so that settings can be read without it."""

import math
from dataclasses import dataclass

from operators.errors import OperatorError

LOW_RANK_GATE = 16
"""Rank of the state gate's projection; fixed by the released checkpoints."""


@dataclass(frozen=True, slots=True)
class ClamConfig:
    """Sizes of a `Clam`.

    Attributes:
        model_dim: D, width of the frame tokens and of the memory tokens.
        num_memory_tokens: M, number of memory tokens that a read returns.
        num_heads: H; D must be divisible by 2 H.
        num_layers: Number of memory layers, each with a state of its own.
        learnable_start: The queries start from a learned [M, D] matrix instead of zeros.
        gate_bias_init: (low, high): the state gate's bias starts spread linearly from low to high over the
            key channels of each head, so that the half-lives are spread log-uniformly (a bias b gives about
            ln 2 * e^b tokens). None keeps torch's start values, which forget within a token or two.
        tokens_per_frame: N; the training form adds up N tokens at a time. Only speed depends on it.

    Raises:
        OperatorError: A size is not positive, or D is not divisible by 2 H.
    """

    model_dim: int
    num_memory_tokens: int
    num_heads: int = 8
    num_layers: int = 1
    learnable_start: bool = False
    gate_bias_init: tuple[float, float] | None = None
    tokens_per_frame: int = 10

    def __post_init__(self) -> None:
        for name in ("model_dim", "num_memory_tokens", "num_heads", "num_layers", "tokens_per_frame"):
            if getattr(self, name) < 1:
                raise OperatorError(f"memory: {name} is {getattr(self, name)}, it must be at least 1.")
        if self.model_dim % (2 * self.num_heads):
            raise OperatorError(
                f"memory: model_dim {self.model_dim} is not divisible by 2 x {self.num_heads} heads.",
                action="Choose a width that is, because the keys have half the width of the values.",
            )

    @property
    def key_dim(self) -> int:
        """K, key channels per head."""
        return self.model_dim // 2 // self.num_heads

    @property
    def value_dim(self) -> int:
        """V, value channels per head."""
        return self.model_dim // self.num_heads

    @property
    def mlp_dim(self) -> int:
        """Hidden width of the gated MLP: two thirds of 4 D, rounded up to a multiple of 256."""
        return 256 * math.ceil(self.model_dim * 8 // 3 / 256)

    @property
    def state_bytes(self) -> int:
        """Size of one stream's state (float32)."""
        return self.num_layers * self.num_heads * self.key_dim * self.value_dim * 4
