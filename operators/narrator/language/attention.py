"""Two attentions for the decoder: over the streams' cache, and over one whole sequence under a mask."""

from torch import Tensor
from torch.nn import functional

from operators.narrator.batch import PackedBatch
from operators.narrator.language.cache import KeyValueCache
from operators.narrator.language.rope import RotaryTable, rotate


class CachedAttention:
    """Packed new tokens see what is visible of their streams, themselves included.

    Args:
        cache: Keys and values of all streams; the new tokens' are written into it.
        batch: The pass.
        rotary: Angles.
    """

    def __init__(self, cache: KeyValueCache, batch: PackedBatch, rotary: RotaryTable) -> None:
        self._cache = cache
        self._batch = batch
        self._angles = rotary.rows(batch.positions)

    def __call__(
        self, layer: int, queries: Tensor, keys: Tensor, values: Tensor, rows: Tensor | None
    ) -> Tensor:
        """See `decoder_layer.Attention`. Of tokens that take no part the layer keeps zeros, unseen."""
        batch, angles = self._batch, self._angles
        places, padded_rows = batch.places, batch.padded_rows
        if rows is not None:
            self._cache.clear(layer, places)
            places, padded_rows = places[rows], padded_rows[rows]
            angles = (angles[0][rows], angles[1][rows])
        self._cache.write(layer, places, keys, rotate(keys, angles), values)
        all_keys, all_values = self._cache.read(layer, batch.key_places)  # [B, L, kv_heads, D]
        present = self._cache.present(layer, batch.key_places)  # [B, L]
        visible = batch.visible if present is None else batch.visible & present[:, None, None]
        num_streams, longest = batch.padded_shape
        padded = queries.new_zeros(num_streams * longest, *queries.shape[1:])
        padded.index_copy_(0, padded_rows, rotate(queries, angles))
        padded = padded.view(num_streams, longest, *queries.shape[1:])
        attended = grouped_attention(padded, all_keys, all_values, visible)
        return attended.flatten(0, 1).index_select(0, padded_rows)


class MaskedAttention:
    """One sequence, all tokens at once: what a pruned stream must agree with.

    Args:
        positions: int64 [T].
        visible: bool [T, T], row = query, True = may attend; see `mask.paper_mask`.
        rotary: Angles.
    """

    def __init__(self, positions: Tensor, visible: Tensor, rotary: RotaryTable) -> None:
        self._angles = rotary.rows(positions)
        self._visible = visible

    def __call__(
        self, layer: int, queries: Tensor, keys: Tensor, values: Tensor, rows: Tensor | None
    ) -> Tensor:
        """See `decoder_layer.Attention`."""
        angles, visible = self._angles, self._visible
        if rows is not None:
            angles = (angles[0][rows], angles[1][rows])
            visible = visible[rows][:, rows]
        rotated_queries, rotated_keys = rotate(queries, angles), rotate(keys, angles)
        return grouped_attention(
            rotated_queries[None], rotated_keys[None], values[None], visible[None, None]
        )[0]


def grouped_attention(queries: Tensor, keys: Tensor, values: Tensor, visible: Tensor) -> Tensor:
    """softmax(q k / sqrt(D)) v, where heads / kv_heads query heads share a key head.

    Args:
        queries: [B, Q, heads, D].
        keys: [B, L, kv_heads, D].
        values: [B, L, kv_heads, D].
        visible: bool [B, 1, Q, L]; every row must see a key.

    Returns:
        [B, Q, heads, D].
    """
    batch, length, num_heads, head_dim = queries.shape
    num_kv_heads = keys.shape[2]
    group = num_heads // num_kv_heads
    # The query heads of a group become more queries of their key head, so that keys need not be repeated.
    grouped = queries.view(batch, length, num_kv_heads, group, head_dim).permute(0, 2, 3, 1, 4)
    attended = functional.scaled_dot_product_attention(
        grouped.flatten(2, 3),  # [B, kv_heads, group x Q, D]
        keys.transpose(1, 2),
        values.transpose(1, 2),
        visible.repeat(1, 1, group, 1),
    )
    split = attended.view(batch, num_kv_heads, group, length, head_dim).permute(0, 3, 1, 2, 4)
    return split.flatten(2, 3)
