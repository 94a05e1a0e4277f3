"""Attention under the `paper` mask over packed sequences: FlexAttention on a GPU, one dense mask elsewhere.

A packed sequence says for every row, as int16 columns: position; segment; oldest narration that it sees; as a
key, its narration (prompt: newer than any; others: NO_KEY) and its segment if it is visual (others: NO_KEY).
A query sees a key that is not later and whose narration is not too old or whose visual segment is the
query's own.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention.flex_attention import BlockMask, flex_attention
from torch.nn.functional import scaled_dot_product_attention

NUM_COLUMNS = 5
NO_KEY = -1
BLOCK = 128
"""Rows of a block of FlexAttention; packed sequences have a multiple of it."""

EMPTY, PARTIAL, FULL = range(3)


def visible(structure: Tensor) -> Tensor:
    """The mask as a matrix.

    Args:
        structure: int16 [..., L, 5], see the module's docstring.

    Returns:
        bool [..., L, L]; row = query, column = key.
    """
    position, segment, oldest, key_narration, key_segment = structure.unbind(-1)
    not_later = position[..., None, :] <= position[..., :, None]
    kept = key_narration[..., None, :] >= oldest[..., :, None]
    own = key_segment[..., None, :] == segment[..., :, None]
    return not_later & (kept | own)


def block_kinds(structure: Tensor) -> Tensor:
    """Which blocks of the mask have to be computed.

    Args:
        structure: int16 [L, 5], L a multiple of BLOCK.

    Returns:
        int8 [L / BLOCK, L / BLOCK]: EMPTY, PARTIAL or FULL.
    """
    count = len(structure) // BLOCK
    blocks = visible(structure).view(count, BLOCK, count, BLOCK)
    return (blocks.any(3).any(1).to(torch.int8) + blocks.all(3).all(1).to(torch.int8)).contiguous()


def dense_mask(structure: Tensor) -> Tensor:
    """The mask [B, 1, L, L] for `scaled_dot_product_attention`."""
    return visible(structure)[:, None]


def sparse_mask(structure: Tensor, kinds: Tensor) -> BlockMask:
    """The mask for FlexAttention.

    Args:
        structure: int16 [B, L, 5].
        kinds: int8 [B, L / BLOCK, L / BLOCK], `block_kinds` of each.
    """
    columns = [column.int().contiguous() for column in structure.unbind(-1)]
    partial_counts, partial = _listed(kinds == PARTIAL)
    full_counts, full = _listed(kinds == FULL)
    length = structure.shape[1]
    mask: BlockMask = BlockMask.from_kv_blocks(
        partial_counts, partial, full_counts, full, BLOCK, _mask_mod(*columns), (length, length)
    )
    return mask


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | BlockMask,
    **kwargs: Any,
) -> tuple[Tensor, None]:
    """Attention function for transformers' decoder layers.

    Args:
        module: Ignored.
        query: [B, H, L, K]; key and value likewise.
        attention_mask: A `dense_mask` or a `sparse_mask`.
        kwargs: Ignored, except `scaling`.

    Returns:
        [B, L, H, K], and no attention weights.
    """
    scale = kwargs.get("scaling")
    query, key = query.to(value.dtype), key.to(value.dtype)  # rotated in float32, also under autocast
    if isinstance(attention_mask, BlockMask):
        mixed = _compiled_flex()(query, key, value, block_mask=attention_mask, scale=scale)
    else:
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=attention_mask, scale=scale)
    return mixed.transpose(1, 2).contiguous(), None


def _mask_mod(
    position: Tensor, segment: Tensor, oldest: Tensor, key_narration: Tensor, key_segment: Tensor
) -> Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]:
    def mask_mod(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        not_later = position[batch, key] <= position[batch, query]
        kept = key_narration[batch, key] >= oldest[batch, query]
        own = key_segment[batch, key] == segment[batch, query]
        return not_later & (kept | own)

    return mask_mod


def _listed(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """Per row of blocks, how many are set [B, 1, n] and all indices, the set ones first [B, 1, n, n]."""
    counts = blocks.sum(-1, dtype=torch.int32)
    order = torch.argsort(blocks.to(torch.int8), dim=-1, descending=True, stable=True).to(torch.int32)
    return counts[:, None].contiguous(), order[:, None].contiguous()


@cache
def _compiled_flex() -> Callable[..., Tensor]:
    attention: Any = flex_attention
    compiled: Callable[..., Tensor] = torch.compile(attention, dynamic=False)
    return compiled
