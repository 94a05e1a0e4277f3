"""A model with routed layers in the engine: one masked pass, and no other stream matters."""

from dataclasses import replace

import pytest
import torch

from operators.narrator.engine import NarratorEngine
from operators.narrator.language.decoder import Decoder
from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.streams.settings import StreamSettings
from tests.support.masked_pass import masked_logits, segments_of, skip_probabilities
from tests.support.tiny_narrator import (
    LANGUAGE_CONFIG,
    make_model,
    random_frames,
    random_weights,
    run_stream,
)

ROUTED = {**LANGUAGE_CONFIG, "mixture_of_depths": {"layers": [1], "share": 0.34}}


@pytest.fixture(scope="module")
def routed_model():
    """The tiny model with a router: one of a frame's three tokens passes through its second layer."""
    model = make_model()
    weights = random_weights(DecoderConfig.from_json(ROUTED), seed=2)
    weights["lm_head.weight"][model.layout.skip] *= 8
    weights["lm_head.weight"][model.layout.end_of_turn] *= 3
    return replace(model, decoder=Decoder.from_state_dict(ROUTED, weights).eval())


def settings_of(model, **changes):
    return replace(StreamSettings.from_config(model.config), prompt="Say it.", **changes)


@pytest.mark.parametrize("retain", [None, 1])
@torch.inference_mode()
def test_streaming_equals_one_masked_pass(routed_model, retain):
    model = routed_model
    settings = settings_of(model, retain_narrations=retain, max_segment_frames=3)
    frames = list(random_frames(48, seed=2))
    outcomes = run_stream(model, frames, settings)
    segments, _ = segments_of(outcomes)
    assert len([segment for segment in segments if segment.narration is not None]) > 5
    assert max(segment.num_frames for segment in segments) > 1

    read = model.layout.num_frame_tokens
    sequence, logits = masked_logits(model, model.memory, frames, outcomes, settings, tokens_read=read)
    expected = skip_probabilities(model, sequence, logits)
    measured = torch.tensor([outcome.p_skip for outcome in outcomes])[1:]
    torch.testing.assert_close(measured, expected, atol=1e-4, rtol=0)


@torch.inference_mode()
def test_batch_mates_do_not_matter(routed_model):
    streams = {name: list(random_frames(20, seed, name)) for seed, name in enumerate(("one", "two", "three"))}
    settings = settings_of(routed_model)
    engine = NarratorEngine(routed_model, num_slots=3)
    for name in streams:
        engine.open_stream(name, settings)
    together = [engine.step(list(frames)) for frames in zip(*streams.values(), strict=True)]
    for number, frames in enumerate(streams.values()):
        alone = run_stream(routed_model, frames, settings)
        mated = [outcomes[number] for outcomes in together]
        texts, texts_alone = (
            [outcome.narration and outcome.narration.token_ids for outcome in outcomes]
            for outcomes in (mated, alone)
        )
        assert texts == texts_alone
        # The opening's frame has no choice, and so no probability.
        p_mated, p_alone = ([outcome.p_skip for outcome in outcomes[1:]] for outcomes in (mated, alone))
        assert p_mated == pytest.approx(p_alone, abs=1e-4)
