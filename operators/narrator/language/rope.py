"""Rotary positions: tables of angles, computed in float64, and the rotation of queries and keys."""

import torch
from torch import Tensor

from operators.narrator.language.rope_config import RopeConfig


class RotaryTable:
    """Cosines and sines of all positions that a stream may use, times the config's attention factor.

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
        table = config.attention_factor * torch.stack([angles.cos(), angles.sin()], dim=1)
        self._table = table.to(device, torch.float32)

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
