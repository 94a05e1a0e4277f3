"""Keys and values of all streams: one slot of equal size per stream."""

import torch
from torch import Tensor

from operators.narrator.rope import RotaryTable, rotate


class KeyValueCache:
    """Buffers that the engine writes into; where a token lies is known to `regions`.

    Keys are kept twice: as they are (the master copy), and rotated by their present positions for reading.
    When positions are shifted, the second is made again from the first, so that rounding never adds up.

    Args:
        num_layers: Layers of the decoder.
        num_slots: Most streams at a time.
        slot_size: Tokens of a slot.
        num_kv_heads: Key heads.
        head_dim: D.
        rotary: Angles; its device is the buffers'.
        dtype: Of the buffers.
    """

    def __init__(
        self,
        *,
        num_layers: int,
        num_slots: int,
        slot_size: int,
        num_kv_heads: int,
        head_dim: int,
        rotary: RotaryTable,
        dtype: torch.dtype,
    ) -> None:
        self.slot_size = slot_size
        self._rotary = rotary
        self._heads = (num_kv_heads, head_dim)
        shape = (num_layers, num_slots * slot_size, num_kv_heads, head_dim)
        self._keys = torch.empty(shape, device=rotary.device, dtype=dtype)
        # Rotated keys and values side by side, so that one gather of long rows reads both.
        self._readable = torch.empty((*shape[:2], 2, *shape[2:]), device=rotary.device, dtype=dtype)

    def write(self, layer: int, places: Tensor, keys: Tensor, rotated: Tensor, values: Tensor) -> None:
        """Store keys, rotated keys and values [T, kv_heads, D] of a layer at places int64 [T]."""
        self._keys[layer].index_copy_(0, places, keys)
        self._readable[layer].index_copy_(0, places, torch.stack([rotated, values], dim=1))

    def read(self, layer: int, places: Tensor) -> tuple[Tensor, Tensor]:
        """Copy rotated keys and values [B, L, kv_heads, D] of a layer from places int64 [B, L]."""
        # index_select on flat rows is several times faster on a CPU than indexing with a matrix.
        rows = self._readable[layer].flatten(1).index_select(0, places.flatten())
        keys, values = rows.view(*places.shape, 2, *self._heads).unbind(2)
        return keys, values

    def rotate_again(self, places: Tensor, positions: Tensor) -> None:
        """Rotate the keys at places int64 [T] by new positions int64 [T], in all layers."""
        self._readable[:, places, 0] = rotate(self._keys[:, places], self._rotary.rows(positions))

    def shape_of(self, num_tokens: int) -> torch.Size:
        """Shape of the keys, and of the values, that `export` gives for so many tokens."""
        return torch.Size((self._keys.shape[0], num_tokens, *self._heads))

    def export(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Copy keys (not rotated) and values [layers, T, kv_heads, D] of all layers from places int64 [T]."""
        return self._keys[:, places], self._readable[:, places, 1]

    def restore(self, places: Tensor, positions: Tensor, keys: Tensor, values: Tensor) -> None:
        """Store what `export` gave, at positions int64 [T]."""
        self._keys[:, places] = keys.to(self._keys.device)
        self._readable[:, places, 1] = values.to(self._keys.device)
        self.rotate_again(places, positions)
