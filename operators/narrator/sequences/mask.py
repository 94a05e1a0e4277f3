"""The attention mask of the `paper` context rules: what a pruned stream sees, as one mask over its tokens.

A query q sees a key c if c was not fed later and c is

- a token of the prompt, or
- a visual token (brackets, memory, frames, separators) of q's own segment, or
- a token of a narration n >= done(q) - k,

where done(q) counts the narrations that were complete when the segment of q opened, and k is how many
complete narrations are retained (None: all). A segment's rows run from the end of turn before it to its last
text token; that end of turn is a key of its own narration. Streaming with pruning gives the same numbers as
one pass under this mask.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

MaskMod = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""`mask_mod(batch, head, query, key) -> bool`, as FlexAttention's `create_block_mask` takes it."""


@dataclass(frozen=True, slots=True)
class TokenStructure:
    """What the mask needs to know about every token. All of one shape, [L] or [B, L], on one device.

    Rows may stand in any order (`position` decides what is earlier). A row of padding has is_prompt and
    is_visual False and narration -1: no query sees it.

    Attributes:
        position: int64, the token's position, which is also its place in time.
        is_prompt: bool, system prompt or user prompt.
        is_visual: bool, seen by its own segment only.
        segment: int64, number of the segment whose row this is, from 0.
        narration: int64, number of the narration that the token is a key of, from 0; -1 if of none.
        done: int64, how many narrations were complete when the token's segment opened.
    """

    position: Tensor
    is_prompt: Tensor
    is_visual: Tensor
    segment: Tensor
    narration: Tensor
    done: Tensor


def paper_mask(structure: TokenStructure, retain: int | None) -> Tensor:
    """Build the mask as a matrix.

    Args:
        structure: Tokens [L] or [B, L].
        retain: How many complete narrations stay visible; None for all.

    Returns:
        bool [L, L] or [B, L, L]; row = query, column = key, True = may attend.
    """
    return _visible(
        _each(structure, lambda x: x.unsqueeze(-1)), _each(structure, lambda x: x.unsqueeze(-2)), retain
    )


def paper_mask_mod(structure: TokenStructure, retain: int | None) -> MaskMod:
    """Build the mask for FlexAttention.

    Args:
        structure: Tokens [B, L].
        retain: How many complete narrations stay visible; None for all.

    Returns:
        A `mask_mod` that reads the tensors of `structure`.
    """

    def mask_mod(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return _visible(
            _each(structure, lambda x: x[batch, query]), _each(structure, lambda x: x[batch, key]), retain
        )

    return mask_mod


def _each(structure: TokenStructure, view: Callable[[Tensor], Tensor]) -> TokenStructure:
    s = structure
    columns = (s.position, s.is_prompt, s.is_visual, s.segment, s.narration, s.done)
    return TokenStructure(*(view(column) for column in columns))


def _visible(query: TokenStructure, key: TokenStructure, retain: int | None) -> Tensor:
    oldest = torch.zeros_like(query.done) if retain is None else (query.done - retain).clamp(min=0)
    same_segment = key.is_visual & (key.segment == query.segment)
    not_later = key.position <= query.position
    return not_later & (key.is_prompt | same_segment | (key.narration >= oldest))
