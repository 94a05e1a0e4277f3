"""A trained model: who shares the batch does not change decisions or texts, beyond rounding."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from operators.checkpoints.load import load_model
from operators.narrator.context import PAPER, RELEASED_LIVE
from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FrameInput, FramePosition
from operators.parity.stream_trace import TraceObserver
from tests.support.recorded import GOLDEN

NUM_STREAMS, NUM_FRAMES = 7, 30
CLEAR_P, CLEAR_LOGIT = 1e-4, 1e-3


@pytest.fixture(scope="module")
def model():
    return load_model(GOLDEN / "tiny_model", "cpu", "float32")


@pytest.fixture(scope="module")
def frames():
    """Seven recorded videos [T, N, D]."""
    videos = [np.load(path)["features"] for path in sorted((GOLDEN / "stream").glob("video_*.npz"))]
    long = [torch.from_numpy(video[:NUM_FRAMES]) for video in videos if len(video) >= NUM_FRAMES]
    return [
        [
            FrameInput(f"cam{stream}", FramePosition(number), number * 500_000_000, features)
            for number, features in enumerate(long[stream % len(long)])
        ]
        for stream in range(NUM_STREAMS)
    ]


def stream_settings(model, stream):
    """Streams differ in what they keep, so that their batches are uneven."""
    own = StreamSettings.from_config(model.config)
    return replace(own, retain_narrations=(None, 0, 1, 2, 4)[stream % 5], theta=0.7, theta_low=0.5)


def open_engine(model, rules, streams, observer=None):
    engine = NarratorEngine(model, num_slots=len(streams), rules=rules, observer=observer)
    for stream in streams:
        engine.open_stream(f"cam{stream}", stream_settings(model, stream))
    return engine


@pytest.fixture(scope="module", params=[PAPER, RELEASED_LIVE], ids=lambda rules: rules.name)
def alone(request, model, frames):
    """Each stream by itself: rules, outcomes, and up to which frame its decisions and tokens are clear."""
    outcomes, clear = [], []
    for stream in range(NUM_STREAMS):
        observer = TraceObserver(model.layout)
        engine = open_engine(model, request.param, [stream], observer)
        outcomes.append([engine.step([frame])[0] for frame in frames[stream]])
        trace, written, first_unclear = observer.traces[f"cam{stream}"], 0, NUM_FRAMES
        for number, outcome in enumerate(outcomes[-1]):
            count = len(outcome.narration.token_ids) if outcome.narration else 0
            margins = trace.token_margins[written : written + count]
            written += count
            near = number > 0 and abs(outcome.p_skip - outcome.threshold) <= CLEAR_P
            if near or min(margins, default=1.0) <= CLEAR_LOGIT:
                first_unclear = number
                break
        clear.append(first_unclear)
    assert sum(clear) > 0.8 * NUM_STREAMS * NUM_FRAMES
    return request.param, outcomes, clear


def check(alone, stream, number, outcome):
    _, outcomes, clear = alone
    lonely = outcomes[stream][number]
    if number > clear[stream]:
        return
    assert number == 0 or abs(outcome.p_skip - lonely.p_skip) <= 1e-5
    if number < clear[stream]:
        assert (outcome.narration is None) == (lonely.narration is None)
        if outcome.narration is not None:
            assert outcome.narration.token_ids == lonely.narration.token_ids
            assert outcome.narration.text == lonely.narration.text


def test_in_a_batch_of_seven(model, frames, alone):
    engine = open_engine(model, alone[0], range(NUM_STREAMS))
    for number in range(NUM_FRAMES):
        for stream, outcome in enumerate(engine.step([each[number] for each in frames])):
            check(alone, stream, number, outcome)


@settings(deadline=None, max_examples=6)
@given(data=st.data())
def test_in_a_batch_that_changes_every_step(model, frames, alone, data):
    engine = open_engine(model, alone[0], data.draw(st.permutations(range(NUM_STREAMS))))
    fed = [0] * NUM_STREAMS
    while waiting := [n for n in range(NUM_STREAMS) if fed[n] < NUM_FRAMES]:
        batch = data.draw(st.lists(st.sampled_from(waiting), unique=True, min_size=1))
        for stream, outcome in zip(batch, engine.step([frames[n][fed[n]] for n in batch]), strict=True):
            check(alone, stream, fed[stream], outcome)
            fed[stream] += 1


def test_snapshots_under_the_released_rules_go_on_bit_for_bit(model, frames):
    engine = open_engine(model, RELEASED_LIVE, [3])
    expected = [engine.step([frame])[0] for frame in frames[3][:12]]
    snapshot = engine.snapshot("cam3")
    assert "pending" in snapshot.memory
    expected += [engine.step([frame])[0] for frame in frames[3][12:]]
    resumed = NarratorEngine(model, num_slots=2, rules=RELEASED_LIVE)
    resumed.open_stream("other", stream_settings(model, 0))
    resumed.open_stream("cam3", stream_settings(model, 3), type(snapshot).from_bytes(snapshot.to_bytes()))
    again = [resumed.step([frame])[0] for frame in frames[3][12:]]
    assert [o.p_skip for o in again] == [o.p_skip for o in expected[12:]]
    assert [o.narration for o in again] == [o.narration for o in expected[12:]]
