"""No stream dies of its age: keys and positions stay bounded over thousands of frames."""

from dataclasses import replace

import pytest
import torch

from operators.narrator.engine import NarratorEngine
from operators.narrator.language.decoder import Decoder
from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.streams.settings import StreamSettings
from tests.support.tiny_narrator import (
    ALWAYS,
    LANGUAGE_CONFIG,
    make_model,
    random_frames,
    random_weights,
)

NUM_FRAMES = 2000


def test_thousands_of_frames_stay_within_bounds():
    limits = {
        "max_trained_position": 600,
        "max_narration_tokens": 120,
        "max_segment_frames": 4,
        "max_new_tokens": 3,
    }
    model = make_model(**limits)
    engine = NarratorEngine(model, num_slots=2)
    settings = StreamSettings.from_config(model.config)
    engine.open_stream("all", settings)
    engine.open_stream("last2", replace(settings, retain_narrations=2))
    most_keys = {"all": 0, "last2": 0}
    rebases = narrations = 0
    last = 0
    streams = zip(
        random_frames(NUM_FRAMES, seed=30, stream="all"),
        random_frames(NUM_FRAMES, seed=31, stream="last2"),
        strict=True,
    )
    for number, frames in enumerate(streams):
        outcomes = engine.step(frames)
        assert all(outcome.error is None for outcome in outcomes)
        assert number == 0 or all(0 <= outcome.p_skip <= 1 for outcome in outcomes)
        narrations += outcomes[0].narration is not None
        if number % 10 == 0:
            for name, most in most_keys.items():
                snapshot = engine.snapshot(name)
                most_keys[name] = max(most, snapshot.keys.shape[1])
                assert snapshot.next_position <= limits["max_trained_position"] + 1
                assert torch.isfinite(snapshot.keys).all()
                if name == "all":
                    rebases += snapshot.next_position < last
                    last = snapshot.next_position
    prompt = sum(length for _, length in engine.snapshot("all").prompt)
    visual = model.layout.num_segment_tokens(4)
    assert narrations > 500
    assert rebases > 15
    assert most_keys["all"] <= prompt + 120 + visual
    assert most_keys["last2"] <= prompt + 2 * 13 + visual


@pytest.mark.parametrize("retain", [0, 1, 3])
def test_the_cache_holds_exactly_the_prompt_and_the_last_narrations(retain):
    model = make_model(max_trained_position=600, max_segment_frames=4)
    engine = NarratorEngine(model, num_slots=1)
    settings = replace(StreamSettings.from_config(model.config), retain_narrations=retain)
    engine.open_stream("cam", settings)
    lengths, prompt = [], None
    for frame in random_frames(500, seed=4):
        (outcome,) = engine.step([frame])
        snapshot = engine.snapshot("cam")
        prompt = prompt or snapshot.prompt
        assert snapshot.prompt == prompt
        if outcome.narration is not None:
            # The last narration's end of turn is fed with the next segment only.
            lengths.append(len(model.layout.reply) + len(outcome.narration.token_ids))
            kept = lengths[-retain:] if retain else []
            expected = sum(kept) - (1 if kept else 0)
            assert engine.num_cached_tokens("cam") == sum(n for _, n in prompt) + expected
            assert len(snapshot.narrations) == len(kept)
    assert len(lengths) > 100


ROPES = {
    "default": {"rope_type": "default", "rope_theta": 10000.0},
    "linear": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0},
    "llama3": {
        "rope_type": "llama3",
        "rope_theta": 10000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
    "yarn": {
        "rope_type": "yarn",
        "rope_theta": 10000.0,
        "factor": 4.0,
        "original_max_position_embeddings": 64,
    },
}


def with_rope(model, rope):
    config = {**LANGUAGE_CONFIG, "rope_parameters": rope}
    weights = random_weights(DecoderConfig.from_json(config), seed=2)
    weights["lm_head.weight"][model.layout.skip] *= 8
    weights["lm_head.weight"][model.layout.end_of_turn] *= 3
    return replace(model, decoder=Decoder.from_state_dict(config, weights).eval())


@pytest.mark.parametrize("rope", ROPES)
def test_moved_keys_are_those_of_their_new_positions(rope):
    model = make_model(max_trained_position=330, max_narration_tokens=60, max_segment_frames=3)
    model = with_rope(model, ROPES[rope])
    settings = StreamSettings.from_config(model.config)
    engine = NarratorEngine(model, num_slots=1)
    engine.open_stream("cam", settings)
    frames, before, moves = list(random_frames(160, seed=9)), 0, 0
    for number, frame in enumerate(frames[:-1]):
        engine.step([frame])
        snapshot = engine.snapshot("cam")
        if snapshot.next_position < before:
            moves += 1
            fresh = NarratorEngine(model, num_slots=1)
            fresh.open_stream("cam", settings, snapshot)  # rotates every key by its present position
            ours, theirs = (each.step([frames[number + 1]])[0].p_skip for each in (engine, fresh))
            assert ours == theirs
            engine.close_stream("cam")
            engine.open_stream("cam", settings, snapshot)
        before = snapshot.next_position
    assert moves > 3


def test_a_stream_that_keeps_its_frames_forgets_the_oldest():
    limits = {"max_trained_position": 500, "max_narration_tokens": 60, "max_visual_tokens": 150}
    model = make_model(**limits)
    settings = replace(StreamSettings.from_config(model.config), history="retain_all")
    engine = NarratorEngine(model, num_slots=2, histories=["retain_all"])
    engine.open_stream("cam", settings)
    longest, fewest_after_start, before, moves = 0, 10**9, 0, 0
    for number, frame in enumerate(random_frames(800, seed=12)):
        (outcome,) = engine.step([frame])
        assert outcome.error is None
        assert not outcome.folded
        snapshot = engine.snapshot("cam")
        visual = sum(length for _, length in snapshot.visual)
        longest = max(longest, visual)
        if number > 100:
            fewest_after_start = min(fewest_after_start, visual)
        assert snapshot.next_position <= limits["max_trained_position"] + 1
        moves += snapshot.next_position < before
        before = snapshot.next_position
    assert 120 < fewest_after_start <= longest <= 150
    assert moves > 5


def test_a_stream_that_keeps_its_frames_never_dies_of_silence():
    model = make_model(max_trained_position=400, max_visual_tokens=120, max_narration_tokens=60)
    settings = replace(
        StreamSettings.from_config(model.config), history="retain_all", theta=1 - ALWAYS, theta_low=1 - ALWAYS
    )
    engine = NarratorEngine(model, num_slots=1, histories=["retain_all"])
    engine.open_stream("cam", settings)
    for frame in random_frames(400, seed=13):
        assert engine.step([frame])[0].error is None
    assert engine.num_cached_tokens("cam") < 400
