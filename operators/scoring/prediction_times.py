"""From frame indices and raw generated text to seconds and clean text."""

import re
from collections.abc import Collection, Mapping

from operators.errors import OperatorError
from operators.scoring.matching import PredictedNarration

_PIPE_FORM = r"<\|[^<>|\s]+\|>"
"""The form of control tokens in most of today's vocabularies, `<|name|>`; no narration contains it."""


def clean_text(raw: str, special_tokens: Collection[str] = ()) -> str:
    """Take special tokens out wherever they stand, then the white space around the rest.

    Args:
        raw: Decoded text.
        special_tokens: Texts of the tokenizer's special tokens, as its files name them; text of the form
            `<|name|>` goes in any case.
    """
    named = [re.escape(token) for token in sorted(special_tokens, key=len, reverse=True) if token]
    return re.sub("|".join([*named, _PIPE_FORM]), "", raw).strip()


def timed_narrations(
    raw: Mapping[int, str], *, fps: float, start_s: float = 0.0, special_tokens: Collection[str] = ()
) -> tuple[PredictedNarration, ...]:
    """Give every narration the end of its frame: (frame + 1) / fps + start.

    Args:
        raw: Decoded text by the index of the frame after which it was written, 0 for the first; order stays.
        fps: Sampled frames a second.
        start_s: Begin of the sampled stretch, seconds from the video's start.
        special_tokens: See `clean_text`.

    Raises:
        OperatorError: `fps` isn't positive, or a frame index is negative.
    """
    if not fps > 0:
        raise OperatorError(f"Frames a second must be more than 0, got {fps}.")
    if raw and min(raw) < 0:
        raise OperatorError(f"Frame indices count from 0, got {min(raw)}.")
    return tuple(
        PredictedNarration((frame + 1) / fps + start_s, clean_text(text, special_tokens))
        for frame, text in raw.items()
    )
