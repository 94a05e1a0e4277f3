"""A teacher-forced pass cut into turns: which rows are scored, and how many frames stand where."""

from dataclasses import dataclass

import torch
from torch import Tensor

from operators.errors import OperatorError


@dataclass(frozen=True, slots=True)
class TurnTokens:
    """What of a model's settings tells turns and frames apart.

    Attributes:
        vision: Placeholder of frame tokens.
        skip: The separator between frames, [SKIP].
        end_of_turn: Last token of every turn.
        num_frame_tokens: N, placeholders of a frame.
    """

    vision: int
    skip: int
    end_of_turn: int
    num_frame_tokens: int


@dataclass(frozen=True, slots=True, eq=False)
class TeacherPass:
    """A sequence and what a model says of it.

    Attributes:
        token_ids: int64 [L].
        labels: int64 [L], the id expected after the row; negative: not scored.
        visible: bool [L, L], row = query, True = may attend.
        logits: float32 [L, vocabulary].
        last_k: How many narrations a pruned stream keeps; None: all.
        narrations: First and last place of every narration; only needed with last_k.

    Raises:
        OperatorError: The tensors don't fit together.
    """

    token_ids: Tensor
    labels: Tensor
    visible: Tensor
    logits: Tensor
    last_k: int | None = None
    narrations: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        length = self.token_ids.numel()
        shapes = [tuple(x.shape) for x in (self.token_ids, self.labels, self.visible)]
        if shapes != [(length,), (length,), (length, length)] or self.logits.shape[:-1] != (length,):
            raise OperatorError(
                f"scores: token ids, labels and mask have the shapes {shapes}, logits "
                f"{tuple(self.logits.shape)}; they must be [L], [L], [L, L] and [L, vocabulary]."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One turn.

    Attributes:
        language_rows: int64 [W], labelled rows that are not a frame's.
        stream_rows: int64 [F], labelled rows of frames: where the model skips or speaks.
        num_frames: Frames of the turn, labelled or not.
    """

    language_rows: Tensor
    stream_rows: Tensor
    num_frames: int


def split_turns(scored: TeacherPass, tokens: TurnTokens) -> list[Turn]:
    """Cut a sequence after every end of turn; what follows the last one is no turn.

    Raises:
        OperatorError: A turn has a part of a frame.
    """
    is_vision, is_labelled = scored.token_ids == tokens.vision, scored.labels >= 0
    turns, start = [], 0
    for stop in (torch.nonzero(scored.token_ids == tokens.end_of_turn)[:, 0] + 1).tolist():
        vision, labelled = is_vision[start:stop], is_labelled[start:stop]
        num_frames, rest = divmod(int(vision.sum()), tokens.num_frame_tokens)
        if rest:
            raise OperatorError(
                f"scores: rows {start} ... {stop - 1} have {int(vision.sum())} frame tokens, "
                f"no multiple of {tokens.num_frame_tokens}."
            )
        language_rows = start + torch.nonzero(labelled & ~vision)[:, 0]
        stream_rows = start + torch.nonzero(labelled & vision)[:, 0]
        turns.append(Turn(language_rows, stream_rows, num_frames))
        start = stop
    return turns
