"""The attention masks that the authors trained with, made from the token ids alone.

A sequence is, per segment, a memory block, a frames block and a narration; the first segment has no memory
and ends with the user's request before its narration. A block is its placeholders with the token before the
first (an opening bracket) and the one after the last (a closing bracket). What differs from `paper_mask`,
which hides what a stream prunes as soon as a narration is complete:

- The blocks of a segment stay visible until the frames block of the next segment opens. So what stands before
  that, the next memory block above all, still sees the frames that the memory sums up.
- With last k, narration i - 1 - k is hidden from the first token of narration i on. So the frames of segment
  i see k + 1 narrations, narration i sees k.
"""

from itertools import pairwise

import torch
from torch import Tensor

from operators.errors import OperatorError


def reference_mask(
    input_ids: Tensor,
    *,
    vision_id: int,
    memory_id: int | None,
    skip_id: int,
    narration_start_id: int,
    narration_end_id: int,
    last_k: int | None,
    num_frame_tokens: int,
    num_memory_tokens: int,
) -> Tensor:
    """Build the mask of one sequence.

    Source: the public code's training mask, as recorded in `tests/golden/mask`. That code is right for one
    sequence a batch only, so this takes one.

    Args:
        input_ids: int64 [L], on any device.
        vision_id: Placeholder of frame tokens.
        memory_id: Placeholder of memory tokens; None: the sequence has none.
        skip_id: The separator between the frames of a block; may also occur elsewhere.
        narration_start_id: First token of every narration; only looked for if last_k is given.
        narration_end_id: Last token of every narration; only looked for if last_k is given.
        last_k: How many earlier narrations a narration sees; None: all.
        num_frame_tokens: N, placeholders of a frame.
        num_memory_tokens: M, placeholders of a memory block.

    Returns:
        bool [L, L] on the device of input_ids; row = query, column = key, True = may attend.

    Raises:
        OperatorError: The ids are not one sequence of integers, a block is not made of whole frames or
            memories, lacks a bracket, or narrations don't start and end in turn.
    """
    if input_ids.ndim != 1 or input_ids.dtype != torch.int64:
        raise OperatorError(
            f"mask: input_ids must be int64 [L], got {input_ids.dtype} {list(input_ids.shape)}.",
            action="Build one mask per sequence.",
        )
    ids = input_ids.tolist()
    frames = _blocks(ids, vision_id, num_frame_tokens, skip_id)
    memories = [] if memory_id is None else _blocks(ids, memory_id, num_memory_tokens, None)
    for first, last in memories:
        if last - first - 1 != num_memory_tokens:
            raise OperatorError(
                f"mask: {last - first - 1} memory placeholders stand together at {first + 1}, "
                f"but a memory block has {num_memory_tokens}."
            )
    mask = causal_mask(len(ids), input_ids.device)
    for (first, last), (opens, _) in pairwise(frames):
        mask[opens:, first : last + 1] = False
        # Of the memory blocks before, the last is the new segment's own.
        for block in [block for block in memories if block[1] < opens][-2:-1]:
            mask[opens:, block[0] : block[1] + 1] = False
    if last_k is not None:
        if last_k < 0:
            raise OperatorError(f"mask: last_k is {last_k}, it must be at least 0.")
        narrations = narration_places(input_ids, narration_start_id, narration_end_id)
        for (first, last), (hidden_from, _) in zip(narrations, narrations[last_k + 1 :], strict=False):
            mask[hidden_from:, first : last + 1] = False
    return mask


def causal_mask(length: int, device: torch.device | None = None) -> Tensor:
    """The mask of the variant `base`, which has no memory and forgets nothing: bool [length, length].

    Row = query, column = key, True = may attend: nothing later than the query.
    """
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def narration_places(input_ids: Tensor, start_id: int, end_id: int) -> list[tuple[int, int]]:
    """Places of the first and the last token of every narration of input_ids int64 [L], in order.

    Raises:
        OperatorError: The narrations don't start and end in turn.
    """
    ids = input_ids.tolist()
    starts = [place for place, token_id in enumerate(ids) if token_id == start_id]
    ends = [place for place, token_id in enumerate(ids) if token_id == end_id]
    edges = [place for narration in zip(starts, ends, strict=False) for place in narration]
    if len(starts) != len(ends) or edges != sorted(edges):
        raise OperatorError(
            f"mask: narrations start with {start_id} at {starts} and end with {end_id} at {ends}; "
            "there must be one end after every start.",
            action="Leave padding out, and keep both ids out of the narrations' texts.",
        )
    return list(zip(starts, ends, strict=True))


def _blocks(ids: list[int], placeholder: int, size: int, separator: int | None) -> list[tuple[int, int]]:
    """Places of the opening and the closing bracket of every block, in order."""
    runs: list[tuple[int, int]] = []
    for place in (place for place, token_id in enumerate(ids) if token_id == placeholder):
        if runs and runs[-1][1] == place - 1:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    for first, last in runs:
        if (last - first + 1) % size:
            raise OperatorError(
                f"mask: {last - first + 1} placeholders {placeholder} stand together at {first}, "
                f"that is no multiple of {size}.",
                action="Give the sizes and ids of the model that the sequence was written for.",
            )
        if first == 0 or last == len(ids) - 1:
            raise OperatorError(f"mask: the placeholders {placeholder} at {first} lack a bracket.")
    starts = runs[:1]
    for before, after in pairwise(runs):
        if after[0] == before[1] + 2 and ids[before[1] + 1] == separator:
            starts[-1] = (starts[-1][0], after[1])
        else:
            starts.append(after)
    return [(first - 1, last + 1) for first, last in starts]
