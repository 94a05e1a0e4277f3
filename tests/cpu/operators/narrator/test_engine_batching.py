"""Batch mates do not matter beyond rounding."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.settings import StreamSettings
from tests.support.tiny_narrator import make_model, random_frames, run_stream

NUM_STREAMS, NUM_FRAMES = 5, 14
MODEL = make_model()
FRAMES = [list(random_frames(NUM_FRAMES, seed=20 + n, stream=f"cam{n}")) for n in range(NUM_STREAMS)]
ALONE = [run_stream(MODEL, frames) for frames in FRAMES]


def clear_up_to(stream):
    """Frames before a decision or token that rounding could turn: after that, numbers may differ."""
    for number, outcome in enumerate(ALONE[stream]):
        if number and abs(outcome.p_skip - outcome.threshold) < 1e-4:
            return number
    return NUM_FRAMES


@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_p_is_the_same_alone_and_in_changing_batches(data):
    engine = NarratorEngine(MODEL, num_slots=NUM_STREAMS)
    for stream in data.draw(st.permutations(range(NUM_STREAMS))):
        engine.open_stream(f"cam{stream}", StreamSettings.from_config(MODEL.config))
    fed = [0] * NUM_STREAMS
    while waiting := [n for n in range(NUM_STREAMS) if fed[n] < NUM_FRAMES]:
        batch = data.draw(st.lists(st.sampled_from(waiting), unique=True, min_size=1))
        outcomes = engine.step([FRAMES[n][fed[n]] for n in batch])
        for n, outcome in zip(batch, outcomes, strict=True):
            alone = ALONE[n][fed[n]]
            fed[n] += 1
            if fed[n] > clear_up_to(n) or fed[n] == 1:
                continue
            assert abs(outcome.p_skip - alone.p_skip) < 1e-5
            if outcome.narration and alone.narration:
                assert outcome.narration.token_ids == alone.narration.token_ids


def test_a_full_batch_equals_streams_alone():
    engine = NarratorEngine(MODEL, num_slots=NUM_STREAMS)
    for stream in range(NUM_STREAMS):
        engine.open_stream(f"cam{stream}", StreamSettings.from_config(MODEL.config))
    for number in range(NUM_FRAMES):
        outcomes = engine.step([frames[number] for frames in FRAMES])
        for n, outcome in enumerate(outcomes):
            if number < clear_up_to(n):
                alone = ALONE[n][number]
                both = torch.tensor([outcome.p_skip, alone.p_skip]).nan_to_num()
                assert abs(both[0] - both[1]) < 1e-5
                assert (outcome.narration is None) == (alone.narration is None)
