"""A whole stream as one teacher-forced sequence: ids, labels and mask structure, in the engine's order."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from operators.narrator.layout import SequenceLayout
from operators.narrator.mask import TokenStructure

FRAME_TOKEN = -1
"""Placeholder id of a frame's token: its embedding comes from the connector."""

MEMORY_TOKEN = -2
"""Placeholder id of a memory token: its embedding comes from the connector."""

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

    ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    is_prompt: list[bool] = field(default_factory=list)
    is_visual: list[bool] = field(default_factory=list)
    segment: list[int] = field(default_factory=list)
    narration: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    decision_rows: list[int] = field(default_factory=list)
    current_segment: int = 0
    current_done: int = 0

    def prompt(self, ids: Sequence[int]) -> None:
        self._add(ids, is_prompt=True, is_visual=False, narration=-1)

    def visual(self, ids: Sequence[int]) -> None:
        self._add(ids, is_prompt=False, is_visual=True, narration=-1)

    def spoken(self, ids: Sequence[int], narration: int) -> None:
        self._add(ids, is_prompt=False, is_visual=False, narration=narration)

    def frame(self, num_tokens: int) -> None:
        self.visual([FRAME_TOKEN] * num_tokens)
        self.decision_rows.append(len(self.ids) - 1)

    def label_last(self, token_id: int) -> None:
        self.labels[-1] = token_id

    def _add(self, ids: Sequence[int], *, is_prompt: bool, is_visual: bool, narration: int) -> None:
        count = len(ids)
        self.ids += ids
        self.labels += [NO_LABEL] * count
        self.is_prompt += [is_prompt] * count
        self.is_visual += [is_visual] * count
        self.segment += [self.current_segment] * count
        self.narration += [narration] * count
        self.done += [self.current_done] * count


def build_sequence(
    layout: SequenceLayout, prompt: str | None, segments: Sequence[Segment]
) -> TeacherSequence:
    """Write a stream as one sequence. Positions are the row numbers.

    Args:
        layout: The pieces.
        prompt: The user's request; None is the model's own.
        segments: The first is the opening: one frame and a narration.

    Raises:
        ValueError: The first segment is not an opening, or a segment has no frame.
    """
    if not segments or segments[0].num_frames != 1 or segments[0].narration is None:
        raise ValueError("the first segment must be the opening: one frame and its narration")
    rows = _Rows()
    rows.prompt(layout.system)
    rows.visual(layout.segment_open)
    rows.frame(layout.num_frame_tokens)
    rows.visual(layout.close)
    rows.prompt(layout.user(prompt))
    _speak(rows, layout, segments[0].narration)
    narrations = 1
    spoke = True
    for number, segment in enumerate(segments[1:], start=1):
        if segment.num_frames < 1:
            raise ValueError(f"segment {number} has no frame")
        rows.current_segment, rows.current_done = number, narrations
        if spoke:
            rows.spoken([layout.end_of_turn], narrations - 1)
        _show(rows, layout, segment)
        spoke = segment.narration is not None
        if segment.narration is not None:
            rows.visual(layout.close)
            _speak(rows, layout, segment.narration, narrations)
            narrations += 1
    return _finish(rows)


def _show(rows: _Rows, layout: SequenceLayout, segment: Segment) -> None:
    rows.visual(layout.segment_open)
    rows.visual([MEMORY_TOKEN] * layout.num_memory_tokens)
    rows.visual(layout.frames_open)
    for index in range(segment.num_frames):
        if index:
            rows.visual([layout.skip])
        rows.frame(layout.num_frame_tokens)
        rows.label_last(layout.skip)
    if segment.narration is not None:
        rows.label_last(layout.close[0])


def _speak(rows: _Rows, layout: SequenceLayout, tokens: Sequence[int], narration: int = 0) -> None:
    rows.spoken(layout.reply, narration)
    for token in tokens[:-1]:
        rows.label_last(token)
        rows.spoken([token], narration)
    rows.label_last(tokens[-1])


def _finish(rows: _Rows) -> TeacherSequence:
    structure = TokenStructure(
        position=torch.arange(len(rows.ids)),
        is_prompt=torch.tensor(rows.is_prompt),
        is_visual=torch.tensor(rows.is_visual),
        segment=torch.tensor(rows.segment),
        narration=torch.tensor(rows.narration),
        done=torch.tensor(rows.done),
    )
    return TeacherSequence(
        token_ids=torch.tensor(rows.ids),
        labels=torch.tensor(rows.labels),
        structure=structure,
        decision_rows=torch.tensor(rows.decision_rows),
    )
