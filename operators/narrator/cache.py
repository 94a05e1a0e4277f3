"""Keys and values of all streams: one slot of equal size per stream."""

import torch
from torch import Tensor


class KeyValueCache:
    """Buffers that the engine writes into; where a token lies is known to `regions`.

    Args:
        num_layers: Layers of the decoder.
        num_slots: Most streams at a time.
        slot_size: Tokens of a slot.
        num_kv_heads: Key heads.
        head_dim: D.
        device: Where the buffers live.
        dtype: Theirs.
    """

    def __init__(
        self,
        *,
        num_layers: int,
        num_slots: int,
        slot_size: int,
        num_kv_heads: int,
        head_dim: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        shape = (num_layers, num_slots * slot_size, num_kv_heads, head_dim)
        self.slot_size = slot_size
        self._keys = torch.empty(shape, device=device, dtype=dtype)
        self._values = torch.empty(shape, device=device, dtype=dtype)

    def write(self, layer: int, places: Tensor, keys: Tensor, values: Tensor) -> None:
        """Store keys (not rotated) and values [T, kv_heads, D] of a layer at places int64 [T]."""
        self._keys[layer, places] = keys
        self._values[layer, places] = values

    def read(self, layer: int, places: Tensor) -> tuple[Tensor, Tensor]:
        """Copy keys (not rotated) and values [..., kv_heads, D] of a layer from places int64 [...]."""
        return self._keys[layer, places], self._values[layer, places]

    def export(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Copy keys and values [layers, T, kv_heads, D] of all layers from places int64 [T]."""
        return self._keys[:, places], self._values[:, places]

    def restore(self, places: Tensor, keys: Tensor, values: Tensor) -> None:
        """Store what `export` gave."""
        self._keys[:, places] = keys.to(self._keys.device)
        self._values[:, places] = values.to(self._values.device)
