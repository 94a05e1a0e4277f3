"""Memory states of all streams, one slot per stream."""

from collections.abc import Sequence

import torch
from torch import Tensor

from operators.memory.clam import Clam


class MemorySlots:
    """States that every frame updates in place.

    Args:
        clam: The memory.
        num_slots: Most streams at a time.
    """

    def __init__(self, clam: Clam, num_slots: int) -> None:
        self._clam = clam
        self._states = clam.initial_state(num_slots)  # [layers, slots, H, K, V]

    def update(self, slots: Tensor, features: Tensor) -> None:
        """Fold one frame [B, N, D] into the states of slots int64 [B]."""
        self._states[:, slots] = self._clam.update(self._states[:, slots], features)

    def read(self, slots: Tensor, shown: Sequence[bool]) -> Tensor:
        """Memory tokens [B, M, D] of slots int64 [B]; zeros where they are not to be shown."""
        tokens = self._clam.read(self._states[:, slots])
        return tokens * torch.tensor(shown, device=tokens.device)[:, None, None]

    def reset(self, slot: int, state: Tensor | None) -> None:
        """Set a slot to a state of `state_shape`, or to the start."""
        start = self._clam.initial_state(1)[:, 0]
        self._states[:, slot] = start if state is None else state.to(start.device)

    @property
    def state_shape(self) -> torch.Size:
        """Shape of one stream's state: [layers, H, K, V]."""
        return self._states[:, 0].shape

    def export(self, slot: int) -> Tensor:
        """Copy a slot's state [layers, H, K, V]."""
        return self._states[:, slot].clone()
