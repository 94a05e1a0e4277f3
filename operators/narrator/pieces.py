"""Which piece of the layout follows which, and how long a stream keeps it: the only place that says so."""

from dataclasses import dataclass
from enum import Enum

from operators.narrator.layout import SequenceLayout

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
        Piece(Region.VISUAL, layout.segment_open + _frame(layout) + layout.close),
        Piece(Region.PROMPT, user),
    ]


def segment_start(layout: SequenceLayout, *, end_of_turn: bool) -> list[Piece]:
    """What a stream feeds with the first frame of a segment after the opening.

    Args:
        layout: The pieces' ids.
        end_of_turn: The last narration is retained, so its end of turn, not fed yet, comes first.
    """
    memory = (MEMORY_TOKEN,) * layout.num_memory_tokens
    visual = Piece(Region.VISUAL, layout.segment_open + memory + layout.frames_open + _frame(layout))
    return [Piece(Region.NARRATION, (layout.end_of_turn,)), visual] if end_of_turn else [visual]


def next_frame(layout: SequenceLayout) -> list[Piece]:
    """What a stream feeds with any other frame: the one before it is skipped by that."""
    return [Piece(Region.VISUAL, (layout.skip, *_frame(layout)))]


def reply(layout: SequenceLayout, *, is_opening: bool) -> list[Piece]:
    """What a stream feeds when it starts to speak.

    Args:
        layout: The pieces' ids.
        is_opening: The stream's first narration: its frame is closed already.
    """
    header = Piece(Region.NARRATION, layout.reply)
    return [header] if is_opening else [Piece(Region.VISUAL, layout.close), header]


def _frame(layout: SequenceLayout) -> tuple[int, ...]:
    return (FRAME_TOKEN,) * layout.num_frame_tokens
