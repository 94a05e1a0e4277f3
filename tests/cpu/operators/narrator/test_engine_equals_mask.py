"""Streaming with pruning gives the numbers of one teacher-forced pass under the training mask."""

from dataclasses import replace

import pytest
import torch

from operators.narrator.language.attention import MaskedAttention
from operators.narrator.language.rope import RotaryTable
from operators.narrator.sequences.mask import paper_mask
from operators.narrator.sequences.sequence import (
    FRAME_TOKEN,
    MEMORY_TOKEN,
    NO_LABEL,
    Segment,
    build_sequence,
)
from operators.narrator.streams.settings import StreamSettings
from tests.support.tiny_narrator import make_model, random_frames, run_stream

NUM_FRAMES = 48


def segments_of(outcomes):
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


def masked_logits(model, frames, segments, memory_frames, settings):
    """One pass over the whole stream; returns the sequence and its logits."""
    sequence = build_sequence(model.layout, settings.prompt, segments)
    features = torch.stack([frame.features for frame in frames])
    reads, state = [], model.memory.clam.initial_state(1)
    for number, frame in enumerate(features):
        state = model.memory.clam.update(state, frame[None])
        if number in memory_frames:
            reads.append(model.memory.clam.read(state)[0])
    memory = torch.cat(reads)
    if settings.history == "none":
        memory = torch.zeros_like(memory)
    ids = sequence.token_ids
    embedded = model.decoder.embed(ids.clamp(min=0))
    embedded[ids == FRAME_TOKEN] = model.connector(features.flatten(0, 1))
    embedded[ids == MEMORY_TOKEN] = model.connector(memory)
    visible = paper_mask(sequence.structure, settings.retain_narrations)
    config = model.decoder.config
    rotary = RotaryTable(config.rope, config.head_dim, len(ids), torch.device("cpu"))
    attention = MaskedAttention(sequence.structure.position, visible, rotary)
    return sequence, model.decoder.logits(model.decoder(embedded, attention))


@pytest.mark.parametrize("history", ["clam", "none"])
@pytest.mark.parametrize("retain", [None, 0, 1, 2, 3, 5])
@torch.inference_mode()
def test_pruned_streaming_equals_one_masked_pass(retain, history):
    model = make_model()
    settings = replace(
        StreamSettings.from_config(model.config),
        retain_narrations=retain,
        history=history,
        prompt="Say it.",
        max_segment_frames=2,
    )
    frames = list(random_frames(NUM_FRAMES, seed=2))
    outcomes = run_stream(model, frames, settings)
    segments, memory_frames = segments_of(outcomes)
    assert sum(outcome.folded for outcome in outcomes) >= 1
    assert len([s for s in segments if s.narration is not None]) > 8
    sequence, logits = masked_logits(model, frames, segments, memory_frames, settings)

    log_p = logits[:, model.layout.skip] - logits.logsumexp(dim=-1)
    expected = log_p[sequence.decision_rows].exp()[1:]
    measured = torch.tensor([outcome.p_skip for outcome in outcomes])[1:]
    torch.testing.assert_close(measured, expected, atol=1e-4, rtol=0)

    written = sequence.labels.clone()
    written[sequence.decision_rows] = NO_LABEL
    rows = (written != NO_LABEL) & (written != model.layout.end_of_turn)  # the end may be forced
    best = logits[rows].max(dim=-1).values
    chosen = logits[rows].gather(1, written[rows][:, None])[:, 0]
    torch.testing.assert_close(chosen, best, atol=1e-3, rtol=0)


@torch.inference_mode()
def test_the_test_would_notice_another_mask():
    model = make_model()
    settings = replace(StreamSettings.from_config(model.config), retain_narrations=1)
    frames = list(random_frames(NUM_FRAMES, seed=2))
    outcomes = run_stream(model, frames, settings)
    segments, memory_frames = segments_of(outcomes)
    measured = torch.tensor([outcome.p_skip for outcome in outcomes])[1:]
    for other in (replace(settings, retain_narrations=2), replace(settings, history="none")):
        sequence, logits = masked_logits(model, frames, segments, memory_frames, other)
        log_p = logits[:, model.layout.skip] - logits.logsumexp(dim=-1)
        assert (log_p[sequence.decision_rows].exp()[1:] - measured).abs().max() > 1e-2
