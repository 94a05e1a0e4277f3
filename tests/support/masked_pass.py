"""A narrated stream once more, as one teacher-forced pass under the training mask."""

from collections.abc import Sequence

import torch
from torch import Tensor

from operators.memory.history import VisualHistory
from operators.narrator.language.attention import MaskedAttention
from operators.narrator.language.frame_rows import frame_numbers
from operators.narrator.language.rope import RotaryTable
from operators.narrator.model import NarratorModel
from operators.narrator.sequences.mask import paper_mask
from operators.narrator.sequences.sequence import (
    FRAME_TOKEN,
    MEMORY_TOKEN,
    Segment,
    TeacherSequence,
    build_sequence,
)
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FrameInput, FrameOutcome


def segments_of(outcomes: Sequence[FrameOutcome]) -> tuple[list[Segment], list[int]]:
    """The segments that the engine made, and the frame after which each later one's memory is read."""
    segments, memory_frames, count = [], [], 0
    for number, outcome in enumerate(outcomes):
        count += 1
        is_last = number + 1 == len(outcomes)
        if outcome.narration is not None or outcome.folded or is_last:
            tokens = outcome.narration.token_ids if outcome.narration else None
            segments.append(Segment(count, tokens))
            memory_frames.append(number)
            count = 0
    return segments, memory_frames[:-1]


def memory_tokens(history: VisualHistory, features: Tensor, frames: Sequence[int], tokens: int) -> Tensor:
    """What the history gives after the first `tokens` tokens of each of these frames, [R x M, D]."""
    reads, state = [], history.initial_state(1)
    for number, frame in enumerate(features):
        if number in frames:
            reads.append(history.read(history.update(state, frame[None, :tokens]))[0])
        state = history.update(state, frame[None])
    return torch.cat(reads)


def masked_logits(
    model: NarratorModel,
    history: VisualHistory,
    frames: Sequence[FrameInput],
    outcomes: Sequence[FrameOutcome],
    settings: StreamSettings,
    *,
    tokens_read: int,
) -> tuple[TeacherSequence, Tensor]:
    """One pass over the whole stream.

    Args:
        model: The model.
        history: The stream's visual history; its M must be the model's.
        frames: What the stream was shown.
        outcomes: What the engine made of it.
        settings: The stream's.
        tokens_read: How many tokens of the last frame before a segment its memory knows.

    Returns:
        The sequence, and its logits [L, vocabulary].
    """
    segments, memory_frames = segments_of(outcomes)
    sequence = build_sequence(model.layout, settings.prompt, segments)
    features = torch.stack([frame.features for frame in frames])
    memory = memory_tokens(history, features, memory_frames, tokens_read)
    ids = sequence.token_ids
    embedded = model.decoder.embed(ids.clamp(min=0))
    embedded[ids == FRAME_TOKEN] = model.connector(features.flatten(0, 1))
    embedded[ids == MEMORY_TOKEN] = model.connector(memory)
    visible = paper_mask(sequence.structure, settings.retain_narrations)
    config = model.decoder.config
    rotary = RotaryTable(config.rope, config.head_dim, len(ids), torch.device("cpu"))
    attention = MaskedAttention(sequence.structure.position, visible, rotary)
    hidden = model.decoder(embedded, attention, frame_numbers([ids.tolist()]))
    return sequence, model.decoder.logits(hidden)


def skip_probabilities(model: NarratorModel, sequence: TeacherSequence, logits: Tensor) -> Tensor:
    """p([SKIP]) after every frame but the opening [F - 1]."""
    log_p = logits[:, model.layout.skip] - logits.logsumexp(dim=-1)
    return log_p[sequence.decision_rows].exp()[1:]
