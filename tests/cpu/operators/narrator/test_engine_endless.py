"""No stream dies of its age: keys and positions stay bounded over thousands of frames."""

from dataclasses import replace

import torch

from operators.narrator.engine import NarratorEngine
from operators.narrator.settings import StreamSettings
from tests.support.tiny_narrator import make_model, random_frames

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
