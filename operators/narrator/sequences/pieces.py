"""Which piece of the layout follows which, and how long a stream keeps it: the only place that says so."""

from dataclasses import dataclass
from enum import Enum

from operators.narrator.sequences.layout import SequenceLayout

FRAME_TOKEN = -1
"""Placeholder id of a frame's token: its embedding comes from the connector."""

MEMORY_TOKEN = -2
"""Placeholder id of a memory token: its embedding comes from the connector."""


class Region(Enum):
    """Part of a stream's cache, by how long it lives."""

    PROMPT = "prompt"
    """Kept for ever."""
    NARRATION = "narration"
    """Kept as long as its narration is retained."""
    VISUAL = "visual"
    """Kept until its segment ends."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens that are fed one after another and live in one region."""

    region: Region
    token_ids: tuple[int, ...]


def opening(layout: SequenceLayout, user: tuple[int, ...]) -> list[Piece]:
    """What a stream feeds with its first frame.

    Args:
        layout: The pieces' ids.
        user: The piece with the user's prompt, from `layout.user`.
    """
    return [
        Piece(Region.PROMPT, layout.system),
        Piece(Region.VISUAL, layout.opening_bracket + _frame(layout) + layout.close),
        Piece(Region.PROMPT, user),
    ]


def segment_start(
    layout: SequenceLayout, *, num_memory_tokens: int, end_of_turn: bool, keep_newline: bool = False
) -> list[Piece]:
    """What a stream feeds with the first frame of a segment after the opening.

    Args:
        layout: The pieces' ids.
        num_memory_tokens: Tokens that the stream's visual history gives; 0 leaves out their brackets.
        end_of_turn: The last narration is retained, so its end of turn, not fed yet, comes first.
        keep_newline: The newline before the brackets is kept for ever (`ContextRules.keep_newlines`).
    """
    memory = (MEMORY_TOKEN,) * num_memory_tokens
    brackets = layout.open + memory + layout.close if memory else ()
    visual = brackets + layout.open + _frame(layout)
    fed = [Piece(Region.NARRATION, (layout.end_of_turn,))] if end_of_turn else []
    if keep_newline:
        return [*fed, Piece(Region.PROMPT, layout.newline), Piece(Region.VISUAL, visual)]
    return [*fed, Piece(Region.VISUAL, layout.newline + visual)]


def after_unfinished(layout: SequenceLayout, last_token: int) -> list[Piece]:
    """What a stream feeds with a frame behind a narration that was cut off (`unfinished` = `breaks`)."""
    return [Piece(Region.NARRATION, (last_token,)), Piece(Region.VISUAL, _frame(layout))]


def next_frame(layout: SequenceLayout) -> list[Piece]:
    """What a stream feeds with any other frame: the one before it is skipped by that."""
    return [Piece(Region.VISUAL, (layout.skip, *_frame(layout)))]


def reply(layout: SequenceLayout, *, is_opening: bool) -> list[Piece]:
    """What a stream feeds when it starts to speak.

    Args:
        layout: The pieces' ids.
        is_opening: The stream's first narration: its frame is closed, and the prompt stands behind it.
    """
    ends = Piece(Region.PROMPT, layout.newline) if is_opening else Piece(Region.VISUAL, layout.close)
    return [ends, Piece(Region.NARRATION, layout.reply)]


def _frame(layout: SequenceLayout) -> tuple[int, ...]:
    return (FRAME_TOKEN,) * layout.num_frame_tokens
