"""The search for a late reply: what would the model have said, had the turn's frames gone on?"""

from typing import Protocol

import torch
from torch import Tensor

from operators.scoring.turns import TeacherPass, TurnTokens


class SequenceLogits(Protocol):
    """A model that reads sequences over one video; its frames and memories fill the placeholders in order."""

    def __call__(self, token_ids: Tensor, visible: Tensor) -> Tensor:
        """Logits [L, vocabulary] of token_ids int64 [L] under visible bool [L, L], positions 0 to L - 1."""
        ...


def late_rows(
    model: SequenceLogits, scored: TeacherPass, tokens: TurnTokens, length: int, num_frames: int
) -> Tensor:
    """Logits [num_frames, vocabulary] after each of the frames that come next behind the first `length` rows.

    One pass over the rows so far and the new ones gives the same numbers as a cache of the rows so far, cut
    after `length` and pruned, to which the new ones are fed.

    Args:
        model: Reads the longer sequence.
        scored: The teacher-forced pass.
        tokens: Ids and sizes.
        length: Rows that stay: up to the last token of a frame.
        num_frames: Frames to look at; the video must have them.
    """
    token_ids, visible = append_frames(scored, tokens, length, num_frames)
    period = tokens.num_frame_tokens + 1
    return model(token_ids, visible)[length + period - 1 :: period]


def append_frames(
    scored: TeacherPass, tokens: TurnTokens, length: int, num_frames: int
) -> tuple[Tensor, Tensor]:
    """Go on behind the first `length` rows with frames, each after a separator and without a memory block.

    The new rows see each other causally and what the row before them sees: the frames and the memory of its
    turn, not those of earlier turns. With last k, they see k narrations, as in streaming, where the training
    mask shows k + 1 to the frames before them.

    Returns:
        Token ids int64 [E] and mask bool [E, E].
    """
    frame = [tokens.skip] + [tokens.vision] * tokens.num_frame_tokens
    token_ids = torch.cat([scored.token_ids[:length], scored.token_ids.new_tensor(frame * num_frames)])
    kept = scored.visible[length - 1, :length].clone()
    if scored.last_k is not None:
        complete = [(first, last) for first, last in scored.narrations if last < length]
        for first, last in complete[: max(0, len(complete) - scored.last_k)]:
            kept[first : last + 1] = False
    visible = scored.visible.new_ones(len(token_ids), len(token_ids)).tril()
    visible[:length, :length] = scored.visible[:length, :length]
    visible[length:, :length] = kept
    return token_ids, visible
