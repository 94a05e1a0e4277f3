"""Every visual history with every narration history, on the video world: constant state, exact snapshots."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from operators.checkpoints.load import load_model
from operators.datasets.world import generate
from operators.encoder.frame_encoder import FrameEncoder
from operators.errors import OperatorError
from operators.memory.histories.build import build_memory
from operators.memory.histories.spec import HISTORY_NAMES, LEARNED_NAMES
from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.snapshot import StreamSnapshot
from operators.narrator.types import FrameInput, FramePosition

WORLD = Path(__file__).parents[4] / "models" / "world"
SEEDS = (200_101, 200_102)
NUM_FRAMES, CUT = 44, 20
NARRATION_HISTORIES = {"keep all": None, "last 2": 2, "none": 0}


@pytest.fixture(scope="module")
def world_model():
    return load_model(WORLD, "cpu", "float32")


@pytest.fixture(scope="module")
def features():
    """Two videos of the world, encoded: [videos, T, N, D]."""
    encoder = FrameEncoder.load(WORLD, "cpu", "float32")
    videos = [generate(seed, 40.0) for seed in SEEDS]
    pictures = [np.stack([v.frame(t / 2, encoder.image_size) for t in range(NUM_FRAMES)]) for v in videos]
    return torch.stack([encoder.encode(torch.from_numpy(each)) for each in pictures])


def with_memory(model, kind):
    """The model with another kind of memory, whose weights are random."""
    if kind == model.memory.name:
        return model
    config = replace(model.config, memory=replace(model.config.memory, kind=kind))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        return replace(model, config=config, memory=build_memory(config).eval())


def frame(features, stream, number):
    return FrameInput(f"cam{stream}", FramePosition(number), number * 500_000_000, features[stream, number])


def said(outcome):
    narration = outcome.narration and outcome.narration.token_ids
    return (None if outcome.p_skip != outcome.p_skip else outcome.p_skip, narration, outcome.error)


@pytest.mark.parametrize("narrations", NARRATION_HISTORIES)
@pytest.mark.parametrize("history", HISTORY_NAMES)
def test_streams_stay_constant_and_go_on_from_snapshots_bit_for_bit(
    world_model, features, history, narrations
):
    model = with_memory(world_model, history) if history in LEARNED_NAMES else world_model
    settings = replace(
        StreamSettings.from_config(model.config),
        history=history,
        retain_narrations=NARRATION_HISTORIES[narrations],
    )
    engine = NarratorEngine(model, num_slots=3, histories=[history])
    for stream in range(len(SEEDS)):
        engine.open_stream(f"cam{stream}", settings)
    expected, sizes, snapshots = [], set(), []
    for number in range(NUM_FRAMES):
        outcomes = engine.step([frame(features, stream, number) for stream in range(len(SEEDS))])
        expected.append([said(outcome) for outcome in outcomes])
        taken = [engine.snapshot(f"cam{stream}") for stream in range(len(SEEDS))]
        sizes |= {sum(tensor.nbytes for tensor in each.memory.values()) for each in taken}
        if number + 1 == CUT:
            snapshots = [each.to_bytes() for each in taken]
    assert all(error is None for row in expected for _, _, error in row)
    assert sum(tokens is not None for row in expected for _, tokens, _ in row) >= 4
    assert sizes == {engine.history(history).state_bytes}

    resumed = NarratorEngine(model, num_slots=3, histories=[history])
    resumed.open_stream("other", settings)  # so that the slots differ
    for stream, data in enumerate(snapshots):
        resumed.open_stream(f"cam{stream}", settings, StreamSnapshot.from_bytes(data))
    for number in range(CUT, NUM_FRAMES):
        outcomes = resumed.step([frame(features, stream, number) for stream in range(len(SEEDS))])
        assert [said(outcome) for outcome in outcomes] == expected[number]


def test_streams_with_different_histories_share_batches(world_model, features):
    kinds = ["clam", "none", "recent:2", "kmeans:5", "moviechat:3", "retain_all"]
    own = StreamSettings.from_config(world_model.config)
    frames = [[replace(frame(features, 0, number), stream=kind) for number in range(12)] for kind in kinds]
    alone = []
    for kind, each in zip(kinds, frames, strict=True):
        engine = NarratorEngine(world_model, num_slots=1, histories=kinds)
        engine.open_stream(kind, replace(own, history=kind))
        alone.append([engine.step([one])[0] for one in each])
    engine = NarratorEngine(world_model, num_slots=len(kinds), histories=kinds)
    for kind in kinds:
        engine.open_stream(kind, replace(own, history=kind))
    for number in range(12):
        together = engine.step([each[number] for each in frames])
        for outcome, lonely in zip(together, [each[number] for each in alone], strict=True):
            assert number == 0 or abs(outcome.p_skip - lonely.p_skip) < 1e-4
            assert said(outcome)[1] == said(lonely)[1]


def test_a_history_whose_weights_the_model_lacks_is_refused(world_model):
    with pytest.raises(OperatorError, match="needs weights"):
        NarratorEngine(world_model, num_slots=1, histories=["retnet"])
    engine = NarratorEngine(world_model, num_slots=1)
    settings = StreamSettings.from_config(world_model.config)
    with pytest.raises(OperatorError, match="needs weights"):
        engine.open_stream("cam", replace(settings, history="token_mlp"))
    with pytest.raises(OperatorError, match="slots of this engine"):
        engine.open_stream("cam", replace(settings, history="recent:40"))
    engine.open_stream("cam", settings)
