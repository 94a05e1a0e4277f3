"""Streaming with pruning gives the numbers of one teacher-forced pass under the training mask."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from operators.checkpoints.load import load_model
from operators.narrator.context import PAPER, RELEASED_LIVE
from operators.narrator.engine import NarratorEngine
from operators.narrator.sequences.sequence import NO_LABEL
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FrameInput, FramePosition
from tests.support.masked_pass import masked_logits, segments_of, skip_probabilities
from tests.support.recorded import GOLDEN
from tests.support.tiny_narrator import make_model, random_frames, run_stream

NUM_FRAMES = 48
RETAINED = [None, 0, 1, 2, 3, 5]


def recorded_frames():
    """Recorded videos one after another: one stream of the activities that the recorded model knows."""
    videos = [np.load(path)["features"] for path in sorted((GOLDEN / "stream").glob("video_*.npz"))]
    features = torch.from_numpy(np.concatenate(videos)[:90])
    return [FrameInput("cam", FramePosition(i), i * 500_000_000, frame) for i, frame in enumerate(features)]


def check(model, history, frames, outcomes, settings, tokens_read):
    """p([SKIP]) to 1e-4 after every frame, and every written token the pass's best to 1e-3."""
    sequence, logits = masked_logits(model, history, frames, outcomes, settings, tokens_read=tokens_read)
    measured = torch.tensor([outcome.p_skip for outcome in outcomes])[1:]
    torch.testing.assert_close(measured, skip_probabilities(model, sequence, logits), atol=1e-4, rtol=0)
    written = sequence.labels.clone()
    written[sequence.decision_rows] = NO_LABEL
    rows = (written != NO_LABEL) & (written != model.layout.end_of_turn)  # the end may be forced
    best = logits[rows].max(dim=-1).values
    chosen = logits[rows].gather(1, written[rows][:, None])[:, 0]
    torch.testing.assert_close(chosen, best, atol=1e-3, rtol=0)


@pytest.mark.parametrize("history", ["clam", "none", "kmeans"])
@pytest.mark.parametrize("retain", RETAINED)
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
    assert sum(outcome.folded for outcome in outcomes) >= 1
    assert len([s for s in segments_of(outcomes)[0] if s.narration is not None]) > 8
    own = NarratorEngine(model, num_slots=1).history(history)
    check(model, own, frames, outcomes, settings, tokens_read=model.layout.num_frame_tokens)


@pytest.fixture(scope="module")
def recorded_model():
    return load_model(GOLDEN / "tiny_model", "cpu", "float32")


@pytest.mark.parametrize("rules", [PAPER, RELEASED_LIVE], ids=lambda rules: rules.name)
@pytest.mark.parametrize("retain", RETAINED)
@torch.inference_mode()
def test_a_trained_model_streams_as_it_reads_in_one_pass(recorded_model, retain, rules):
    model, frames = recorded_model, recorded_frames()
    own = StreamSettings.from_config(model.config)
    settings = replace(own, retain_narrations=retain, max_segment_frames=6)
    engine = NarratorEngine(model, num_slots=1, rules=rules)
    engine.open_stream("cam", settings)
    outcomes = [engine.step([frame])[0] for frame in frames]
    assert sum(outcome.folded for outcome in outcomes) >= 1
    assert sum(outcome.narration is not None for outcome in outcomes) > 12
    tokens_read = 1 if rules is RELEASED_LIVE else model.layout.num_frame_tokens
    check(model, model.memory, frames, outcomes, settings, tokens_read)


@torch.inference_mode()
def test_the_test_would_notice_another_mask_or_memory():
    model = make_model()
    settings = replace(StreamSettings.from_config(model.config), retain_narrations=1)
    frames = list(random_frames(NUM_FRAMES, seed=2))
    outcomes = run_stream(model, frames, settings)
    measured = torch.tensor([outcome.p_skip for outcome in outcomes])[1:]
    none = NarratorEngine(model, num_slots=1).history("none")
    for history, other, read in (
        (model.memory, replace(settings, retain_narrations=2), 3),
        (none, settings, 3),
        (model.memory, settings, 1),
    ):
        sequence, logits = masked_logits(model, history, frames, outcomes, other, tokens_read=read)
        assert (skip_probabilities(model, sequence, logits) - measured).abs().max() > 1e-2
