"""A teacher-forced sequence as fixed-size arrays that stay on the GPU: text first, padding last.

Attention does not care about the order of its keys, so what is seen for long (prompts and narrations) stands
in front and the frames behind it: the mask becomes block-sparse. Positions keep the order of time.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from operators.narrator.sequences.pieces import FRAME_TOKEN, MEMORY_TOKEN
from operators.narrator.sequences.sequence import NO_LABEL, Segment, TeacherSequence
from operators.training.attention import NO_KEY, NUM_COLUMNS

SEEN_BY_ALL = 32_767
"""Narration number of prompt tokens: newer than any, so that no query has forgotten it."""


@dataclass(frozen=True, slots=True)
class PackSizes:
    """Sizes that all packed sequences of a run share.

    Attributes:
        rows: Rows, padding included.
        reads: Memory reads, padding included.
        frame_tokens: Frames times tokens per frame: where the memory tokens begin in the source table.
        memory_tokens: Tokens of one memory read.
    """

    rows: int
    reads: int
    frame_tokens: int
    memory_tokens: int

    @property
    def first_text(self) -> int:
        """Where the vocabulary begins in the source table."""
        return self.frame_tokens + self.reads * self.memory_tokens


@dataclass(frozen=True, slots=True)
class PackedSequence:
    """One sequence.

    Attributes:
        source: int32 [rows], index into the table of embeddings: frame tokens, then memory tokens of all
            reads, then the vocabulary.
        labels: int16 [rows], see `TeacherSequence`.
        structure: int16 [rows, 5], the columns of `operators.training.attention`.
        read_frames: int16 [reads], the frame after which each memory read is made; padding repeats frame 0.
    """

    source: NDArray[np.int32]
    labels: NDArray[np.int16]
    structure: NDArray[np.int16]
    read_frames: NDArray[np.int16]


def pack_sequence(
    sequence: TeacherSequence,
    segments: tuple[Segment, ...],
    undecided: frozenset[int],
    sizes: PackSizes,
    *,
    retain: int | None,
) -> PackedSequence | None:
    """Pack a sequence.

    Args:
        sequence: What `build_sequence` made of `segments`.
        segments: The segments.
        undecided: Frames after which nothing is learned.
        sizes: Sizes of the result.
        retain: How many complete narrations stay visible; None for all.

    Returns:
        The arrays, or None if the sequence does not fit.
    """
    length = len(sequence.token_ids)
    reads = _read_frames(segments)
    if length > sizes.rows or len(reads) > sizes.reads:
        return None
    labels = sequence.labels.clone()
    labels[sequence.decision_rows[sorted(undecided)]] = NO_LABEL
    given = sequence.structure
    oldest = torch.zeros_like(given.done) if retain is None else (given.done - retain).clamp(min=0)
    key_narration = given.narration.masked_fill(given.is_prompt, SEEN_BY_ALL)
    key_segment = given.segment.masked_fill(~given.is_visual, NO_KEY)
    columns = torch.stack((given.position, given.segment, oldest, key_narration, key_segment), dim=-1)
    order = torch.argsort(given.is_visual.to(torch.int8), stable=True)

    source = np.full(sizes.rows, sizes.first_text, dtype=np.int32)
    source[:length] = _source(sequence.token_ids, sizes)[order].numpy()
    packed_labels = np.full(sizes.rows, NO_LABEL, dtype=np.int16)
    packed_labels[:length] = labels[order].numpy()
    structure = np.zeros((sizes.rows, NUM_COLUMNS), dtype=np.int16)
    structure[:, 3:] = NO_KEY
    structure[:length] = columns[order].numpy()
    read_frames = np.zeros(sizes.reads, dtype=np.int16)
    read_frames[: len(reads)] = reads
    return PackedSequence(source, packed_labels, structure, read_frames)


def _source(token_ids: Tensor, sizes: PackSizes) -> Tensor:
    source = token_ids + sizes.first_text
    for token, first in ((FRAME_TOKEN, 0), (MEMORY_TOKEN, sizes.frame_tokens)):
        places = token_ids == token
        source[places] = first + torch.arange(int(places.sum()))
    return source


def _read_frames(segments: tuple[Segment, ...]) -> NDArray[np.int16]:
    """The last frame before each segment but the opening."""
    ends = np.cumsum([segment.num_frames for segment in segments]) - 1
    return ends[:-1].astype(np.int16)
