"""How positions turn into angles: plain, linear, llama3 and yarn wavelengths, from Hugging Face's config."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from operators.errors import CheckpointError

_SUPPORTED = ("default", "linear", "llama3", "yarn")
_LENGTH_DEPENDENT = ("dynamic", "longrope", "su")


@dataclass(frozen=True, slots=True)
class RopeConfig:
    """How positions turn into angles; the same for every length of the sequence.

    Attributes:
        theta: Base of the wavelengths.
        rope_type: `default`, `linear`, `llama3` or `yarn`.
        factor: By how much the scaled wavelengths are stretched.
        low_freq_factor, high_freq_factor: llama3: wavelengths above original length / low are stretched,
            those below original length / high are not, those between in part.
        original_length: llama3 and yarn: sequence length of the training before stretching.
        beta_fast, beta_slow: yarn: channel pairs that turn more than beta_fast times in the original length
            are not stretched, those that turn less than beta_slow times are, those between in part.
        truncate: yarn: the two bounds are moved outwards to whole channel pairs.
        attention_factor: yarn: what cosines and sines are multiplied by, and so queries and keys.
    """

    theta: float = 10000.0
    rope_type: str = "default"
    factor: float = 1.0
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    original_length: int = 8192
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    truncate: bool = True
    attention_factor: float = 1.0

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> Self:
        """Read a language config in either of Hugging Face's forms (`rope_parameters`, or `rope_scaling`).

        Raises:
            CheckpointError: The scaling is unknown, makes keys depend on the sequence's length, or lacks
                its factor.
        """
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        rope_type = rope.get("rope_type", rope.get("type", "default"))
        if rope_type not in _SUPPORTED:
            why = (
                "cached keys must not depend on the sequence's length"
                if rope_type in _LENGTH_DEPENDENT
                else "it is unknown"
            )
            raise CheckpointError(
                f"language config: rope scaling {rope_type!r} is not supported: {why}.",
                action="Use a model with default, linear, llama3 or yarn scaling.",
            )
        if rope.get("partial_rotary_factor", config.get("partial_rotary_factor", 1.0)) != 1.0:
            raise CheckpointError("language config: partial_rotary_factor is not supported.")
        if rope_type != "default" and "factor" not in rope:
            raise CheckpointError(f"language config: rope scaling {rope_type!r} lacks its key 'factor'.")
        preset = cls()
        longest = config.get("max_position_embeddings", preset.original_length)
        inside = rope.get("original_max_position_embeddings") or longest
        original_length = int(config.get("original_max_position_embeddings") or inside)
        # A factor of null stands for the ratio of the two lengths.
        factor = 1.0 if rope_type == "default" else float(rope["factor"] or longest / original_length)
        return cls(
            theta=float(rope.get("rope_theta") or config.get("rope_theta") or preset.theta),
            rope_type=rope_type,
            factor=factor,
            low_freq_factor=float(rope.get("low_freq_factor", preset.low_freq_factor)),
            high_freq_factor=float(rope.get("high_freq_factor", preset.high_freq_factor)),
            original_length=original_length,
            beta_fast=float(rope.get("beta_fast") or preset.beta_fast),
            beta_slow=float(rope.get("beta_slow") or preset.beta_slow),
            truncate=bool(rope.get("truncate", preset.truncate)),
            attention_factor=_yarn_attention_factor(rope, factor) if rope_type == "yarn" else 1.0,
        )

    def frequencies(self, head_dim: int) -> Tensor:
        """Angle per position of every channel pair, float64 [head_dim / 2]."""
        exponents = torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim
        plain = self.theta**-exponents
        if self.rope_type == "default":
            return plain
        stretched = plain / self.factor
        if self.rope_type == "linear":
            return stretched
        share = self._llama3_share(plain) if self.rope_type == "llama3" else self._yarn_share(head_dim)
        return (1 - share) * stretched + share * plain

    def _llama3_share(self, plain: Tensor) -> Tensor:
        """How much of each plain frequency stays, 0 ... 1, float64 [head_dim / 2]."""
        turns = self.original_length * plain / (2 * math.pi)
        share = (turns - self.low_freq_factor) / (self.high_freq_factor - self.low_freq_factor)
        return share.clamp(0.0, 1.0)

    def _yarn_share(self, head_dim: int) -> Tensor:
        """How much of each plain frequency stays (YaRN, arXiv 2309.00071, section 3.2), as above."""

        def pair_that_turns(times: float) -> float:
            wavelengths = math.log(self.original_length / (times * 2 * math.pi))
            return head_dim * wavelengths / (2 * math.log(self.theta))

        first, last = pair_that_turns(self.beta_fast), pair_that_turns(self.beta_slow)
        if self.truncate:
            first, last = math.floor(first), math.ceil(last)
        first, last = max(first, 0), min(last, head_dim - 1)
        width = last - first or 0.001  # no ramp, but a step
        pairs = torch.arange(head_dim // 2, dtype=torch.float64)
        return 1 - ((pairs - first) / width).clamp(0.0, 1.0)


def _yarn_attention_factor(rope: Mapping[str, Any], factor: float) -> float:
    """What cosines and sines are multiplied by (YaRN, arXiv 2309.00071, section 3.4)."""
    given = rope.get("attention_factor")
    if given is not None:
        return float(given)

    def scale(weight: float) -> float:
        return 1.0 if factor <= 1 else 0.1 * weight * math.log(factor) + 1.0

    above, below = rope.get("mscale"), rope.get("mscale_all_dim")
    return scale(above) / scale(below) if above and below else scale(1.0)
