"""Keys and values of all streams: one slot of equal size per stream."""

from collections.abc import Sequence

import torch
from torch import Tensor

from operators.errors import EngineError
from operators.narrator.language.rope import RotaryTable, rotate


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
        routed_layers: Layers that some tokens go round: of those a place has no key in the layer, only zeros.
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
        routed_layers: Sequence[int] = (),
    ) -> None:
        self.slot_size = slot_size
        self._rotary = rotary
        self._heads = (num_kv_heads, head_dim)
        shape = (num_layers, num_slots * slot_size, num_kv_heads, head_dim)
        self._keys = torch.empty(shape, device=rotary.device, dtype=dtype)
        # Rotated keys and values side by side, so that one gather of long rows reads both.
        self._readable = torch.empty((*shape[:2], 2, *shape[2:]), device=rotary.device, dtype=dtype)
        self._routed = {layer: row for row, layer in enumerate(routed_layers)}
        present = torch.zeros((len(self._routed), shape[1]), device=rotary.device, dtype=torch.bool)
        self._present = present if self._routed else None

    def write(self, layer: int, places: Tensor, keys: Tensor, rotated: Tensor, values: Tensor) -> None:
        """Store keys, rotated keys and values [T, kv_heads, D] of a layer at places int64 [T]."""
        self._keys[layer].index_copy_(0, places, keys)
        self._readable[layer].index_copy_(0, places, torch.stack([rotated, values], dim=1))
        if self._present is not None and layer in self._routed:
            self._present[self._routed[layer]].index_fill_(0, places, True)

    def clear(self, layer: int, places: Tensor) -> None:
        """Store at places int64 [T] of a routed layer that their tokens have no key in it."""
        if self._present is None or layer not in self._routed:
            raise EngineError(f"the cache was made without routing in layer {layer}, but tokens go round it.")
        self._present[self._routed[layer]].index_fill_(0, places, False)
        # Zeros, because what another stream left there must neither be read (0 x NaN) nor be exported.
        self._keys[layer].index_fill_(0, places, 0.0)
        self._readable[layer].index_fill_(0, places, 0.0)

    def present(self, layer: int, places: Tensor) -> Tensor | None:
        """Which of the places int64 [...] have a key in a layer, bool [...]; None: all, it does not route."""
        if self._present is None or layer not in self._routed:
            return None
        return self._present[self._routed[layer]][places]

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

    def export_present(self, places: Tensor) -> Tensor | None:
        """Copy which places int64 [T] have keys in the routed layers, bool [R, T]; None: no layer routes."""
        return None if self._present is None else self._present[:, places]

    def present_shape(self, num_tokens: int) -> torch.Size | None:
        """Shape of what `export_present` gives for so many tokens; None: no layer routes."""
        return None if self._present is None else torch.Size((len(self._routed), num_tokens))

    def restore(
        self, places: Tensor, positions: Tensor, keys: Tensor, values: Tensor, present: Tensor | None = None
    ) -> None:
        """Store what `export` and `export_present` gave, at positions int64 [T].

        Raises:
            EngineError: `present` does not belong to the routed layers; nothing was stored then.
        """
        if (None if present is None else present.shape) != self.present_shape(len(places)):
            raise EngineError(
                "these keys were stored by a model that routes other layers.",
                action="Use the model that they were taken with, or start the stream without a snapshot.",
            )
        if self._present is not None and present is not None:
            self._present[:, places] = present.to(self._present.device)
        self._keys[:, places] = keys.to(self._keys.device)
        self._readable[:, places, 1] = values.to(self._keys.device)
        self.rotate_again(places, positions)
