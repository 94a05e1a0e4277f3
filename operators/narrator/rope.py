"""Rotary positions: tables of angles, computed in float64, and the rotation of queries and keys."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from operators.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class RopeConfig:
    """How positions turn into angles.

    Attributes:
        theta: Base of the wavelengths.
        rope_type: `default`, `linear` or `llama3`.
        factor: By how much the scaled wavelengths are stretched.
        low_freq_factor, high_freq_factor: llama3: wavelengths above original length / low are stretched,
            those below original length / high are not, those between in part.
        original_length: llama3: sequence length of the training before stretching.
    """

    theta: float = 10000.0
    rope_type: str = "default"
    factor: float = 1.0
    low_freq_factor: float = 1.0
    high_freq_factor: float = 4.0
    original_length: int = 8192

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> Self:
        """Read a language config in either of Hugging Face's forms (`rope_parameters`, or `rope_scaling`).

        Raises:
            CheckpointError: The scaling is not one that keeps keys independent of the sequence's length.
        """
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        rope_type = rope.get("rope_type", rope.get("type", "default"))
        if rope_type not in {"default", "linear", "llama3"}:
            raise CheckpointError(
                f"language config: rope scaling {rope_type!r} is not supported: "
                "cached keys must not depend on the sequence's length.",
                action="Use a model with default, linear or llama3 scaling.",
            )
        if rope.get("partial_rotary_factor", config.get("partial_rotary_factor", 1.0)) != 1.0:
            raise CheckpointError("language config: partial_rotary_factor is not supported.")
        return cls(
            theta=float(rope.get("rope_theta", config.get("rope_theta", 10000.0))),
            rope_type=rope_type,
            factor=float(rope.get("factor", 1.0)),
            low_freq_factor=float(rope.get("low_freq_factor", 1.0)),
            high_freq_factor=float(rope.get("high_freq_factor", 4.0)),
            original_length=int(rope.get("original_max_position_embeddings", 8192)),
        )

    def frequencies(self, head_dim: int) -> Tensor:
        """Angle per position of every channel pair, float64 [head_dim / 2]."""
        exponents = torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim
        plain = self.theta**-exponents
        stretched = plain / self.factor
        if self.rope_type == "default":
            return plain
        if self.rope_type == "linear":
            return stretched
        turns = self.original_length * plain / (2 * math.pi)
        share = (turns - self.low_freq_factor) / (self.high_freq_factor - self.low_freq_factor)
        share = share.clamp(0.0, 1.0)
        return (1 - share) * stretched + share * plain


class RotaryTable:
    """Cosines and sines of all positions that a stream may use.

    Args:
        config: Angles.
        head_dim: Channels of a head, even.
        num_positions: Positions 0 ... num_positions - 1.
        device: Where the table lives, float32.
    """

    def __init__(self, config: RopeConfig, head_dim: int, num_positions: int, device: torch.device) -> None:
        positions = torch.arange(num_positions, dtype=torch.float64)
        angles = torch.outer(positions, config.frequencies(head_dim))
        self.device = device
        self._table = torch.stack([angles.cos(), angles.sin()], dim=1).to(device, torch.float32)

    def rows(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """Cosines and sines of positions int64 [...]: two tensors float32 [..., 1, head_dim / 2]."""
        cosines, sines = self._table[positions].unsqueeze(-3).unbind(-2)  # [..., 1, head_dim / 2] each
        return cosines, sines


def rotate(x: Tensor, rows: tuple[Tensor, Tensor]) -> Tensor:
    """Rotate the channel pairs (i, i + D/2) of heads.

    Args:
        x: [..., heads, D]; not mutated.
        rows: From `RotaryTable.rows` with the positions [...].

    Returns:
        Same shape and dtype as x; computed in float32.
    """
    cosines, sines = rows
    first, second = x.float().chunk(2, dim=-1)
    rotated = torch.cat([first * cosines - second * sines, second * cosines + first * sines], dim=-1)
    return rotated.to(x.dtype)
