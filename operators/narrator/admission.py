"""Which frames a step takes: a bad one is refused by itself, with its stream unchanged."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from operators.narrator.streams.stream import Stream
from operators.narrator.streams.turn import Turn
from operators.narrator.types import FrameInput

MAX_FEATURE = 65504.0
"""Largest feature that is taken (the largest float16): beyond it a state could overflow and stay broken."""


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """What a model can take.

    Attributes:
        shape: (N, D) of a frame's features.
        vocab_size: Number of token ids.
        end_of_turn: Last token of a narration.
        max_new_tokens: Most tokens of a replayed narration.
    """

    shape: tuple[int, int]
    vocab_size: int
    end_of_turn: int
    max_new_tokens: int


def admit(
    turns: Sequence[Turn], limits: FrameLimits, device: torch.device
) -> tuple[list[Turn], Tensor, dict[str, str]]:
    """Sort out the frames that can't be taken.

    Args:
        turns: Frames with their streams, at most one of each stream.
        limits: What the model can take.
        device: Where the features go.

    Returns:
        The turns that are taken, their features float32 [B, N, D], and why others are not, by stream.
    """
    refused = {turn.frame.stream: why for turn in turns if (why := _refusal(turn.frame, turn.stream, limits))}
    taken = [turn for turn in turns if turn.frame.stream not in refused]
    if not taken:
        return [], torch.empty(0), refused
    features, usable = _stack_features([turn.frame for turn in taken], device)
    why = "features hold values that are not finite or too large."
    refused |= {turn.frame.stream: why for turn, good in zip(taken, usable, strict=True) if not good}
    taken = [turn for turn, good in zip(taken, usable, strict=True) if good]
    return taken, features[torch.tensor(usable)], refused


def _refusal(frame: FrameInput, stream: Stream, limits: FrameLimits) -> str | None:
    """Tell why a frame can't be taken, from everything but its values; None if it can."""
    if stream.position is not None and frame.position <= stream.position:
        return f"position {frame.position} does not follow {stream.position}."
    features = frame.features
    if tuple(features.shape) != limits.shape or not features.is_floating_point():
        expected = list(limits.shape)
        return f"features must be floating point {expected}, got {features.dtype} {list(features.shape)}."
    if frame.replay is None:
        return None
    if frame.replay.token_ids is None:
        return "a replayed opening frame must have a narration." if stream.is_opening else None
    return _narration_refusal(frame.replay.token_ids, limits)


def _narration_refusal(tokens: tuple[int, ...], limits: FrameLimits) -> str | None:
    if len(tokens) > limits.max_new_tokens:
        return f"a replayed narration has {len(tokens)} tokens, the limit is {limits.max_new_tokens}."
    if tokens[-1:] != (limits.end_of_turn,) or limits.end_of_turn in tokens[:-1]:
        return "a replayed narration must end with its only end of turn."
    if not all(0 <= token < limits.vocab_size for token in tokens):
        return f"a replayed narration has tokens outside the vocabulary of {limits.vocab_size}."
    return None


def _stack_features(frames: Sequence[FrameInput], device: torch.device) -> tuple[Tensor, list[bool]]:
    """Stack features of equal shape.

    Returns:
        float32 [B, N, D] on the device, and for each frame whether all its values are finite and in range.
    """
    stacked = torch.stack([frame.features.to(device, torch.float32) for frame in frames])
    usable: list[bool] = (stacked.abs() <= MAX_FEATURE).flatten(1).all(dim=1).tolist()
    return stacked, usable
