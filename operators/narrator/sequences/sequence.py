"""A whole stream as one teacher-forced sequence: ids, labels and mask structure, in the engine's order."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from operators.narrator.sequences import pieces
from operators.narrator.sequences.layout import SequenceLayout
from operators.narrator.sequences.mask import TokenStructure
from operators.narrator.sequences.pieces import FRAME_TOKEN, MEMORY_TOKEN, Piece, Region

__all__ = ["FRAME_TOKEN", "MEMORY_TOKEN", "NO_LABEL", "Segment", "TeacherSequence", "build_sequence"]

NO_LABEL = -100
"""Label of a row that nothing is learned from."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a stream.

    Attributes:
        num_frames: Frames from the one after the last boundary to the one that ends this segment; at least 1.
        narration: Its tokens, end of turn included; None if the segment was folded silently into the memory.
    """

    num_frames: int
    narration: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class TeacherSequence:
    """One stream, ready for a teacher-forced pass.

    Attributes:
        token_ids: int64 [L]; FRAME_TOKEN and MEMORY_TOKEN stand where embeddings are put, in the order of the
            frames and of the segments from the second on.
        labels: int64 [L], the id expected after the row, or NO_LABEL: the separator or the first id of
            `close` after a frame's last token (none after the opening frame, which always speaks), the
            narration's tokens.
        structure: For the mask; tensors [L].
        decision_rows: int64 [F], the row of every frame's last token.
    """

    token_ids: Tensor
    labels: Tensor
    structure: TokenStructure
    decision_rows: Tensor


@dataclass(slots=True)
class _Rows:
    """Columns of the sequence while it grows."""

    token_ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    segment: list[int] = field(default_factory=list)
    narration: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    decision_rows: list[int] = field(default_factory=list)
    current_segment: int = 0
    current_done: int = 0

    def feed(self, fed: Sequence[Piece], narration: int = -1) -> None:
        for piece in fed:
            count = len(piece.token_ids)
            number = narration if piece.region is Region.NARRATION else -1
            self.token_ids += piece.token_ids
            self.labels += [NO_LABEL] * count
            self.regions += [piece.region] * count
            self.segment += [self.current_segment] * count
            self.narration += [number] * count
            self.done += [self.current_done] * count

    def speak(self, tokens: Sequence[int], narration: int) -> None:
        for token in tokens[:-1]:
            self.labels[-1] = token
            self.feed([Piece(Region.NARRATION, (token,))], narration)
        self.labels[-1] = tokens[-1]

    def finish(self) -> TeacherSequence:
        structure = TokenStructure(
            position=torch.arange(len(self.token_ids)),
            is_prompt=torch.tensor([region is Region.PROMPT for region in self.regions]),
            is_visual=torch.tensor([region is Region.VISUAL for region in self.regions]),
            segment=torch.tensor(self.segment),
            narration=torch.tensor(self.narration),
            done=torch.tensor(self.done),
        )
        rows = torch.tensor(self.decision_rows)
        return TeacherSequence(torch.tensor(self.token_ids), torch.tensor(self.labels), structure, rows)


def build_sequence(
    layout: SequenceLayout, prompt: str | None, segments: Sequence[Segment]
) -> TeacherSequence:
    """Write a stream as one sequence. Positions are the row numbers.

    Args:
        layout: The pieces' ids.
        prompt: The user's request; None is the model's own.
        segments: The first is the opening: one frame and a narration.

    Raises:
        ValueError: The first segment is not an opening, or a segment has no frame.
    """
    if not segments or segments[0].num_frames != 1 or segments[0].narration is None:
        raise ValueError("the first segment must be the opening: one frame and its narration")
    rows = _Rows()
    rows.feed(pieces.opening(layout, layout.user(prompt)))
    frame_end = len(layout.system) + len(layout.opening_bracket) + layout.num_frame_tokens - 1
    rows.decision_rows.append(frame_end)
    rows.feed(pieces.reply(layout, is_opening=True), 0)
    rows.speak(segments[0].narration, 0)
    narrations, spoke = 1, True
    for number, segment in enumerate(segments[1:], start=1):
        if segment.num_frames < 1:
            raise ValueError(f"segment {number} has no frame")
        rows.current_segment, rows.current_done = number, narrations
        for index in range(segment.num_frames):
            first = pieces.segment_start(
                layout, num_memory_tokens=layout.num_memory_tokens, end_of_turn=spoke
            )
            rows.feed(pieces.next_frame(layout) if index else first, narrations - 1)
            rows.decision_rows.append(len(rows.token_ids) - 1)
            rows.labels[-1] = layout.skip
        spoke = segment.narration is not None
        if segment.narration is not None:
            rows.labels[-1] = layout.close[0]
            rows.feed(pieces.reply(layout, is_opening=False), narrations)
            rows.speak(segment.narration, narrations)
            narrations += 1
    return rows.finish()
