"""The engine on a GPU against the engine on the CPU, both in float32."""

from dataclasses import replace

import pytest
import torch

from operators.checkpoints.load import load_model
from operators.memory.histories.spec import HISTORY_NAMES, LEARNED_NAMES
from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.snapshot import StreamSnapshot
from operators.parity.stream import check_stream
from tests.cpu.operators.narrator.test_histories import with_memory
from tests.support.recorded import GOLDEN, write_small_folder
from tests.support.tiny_narrator import random_frames
from topologies.bench.agreement import AgreementSettings, Placement, measure_agreement

CPU, GPU = Placement("cpu", "float32"), Placement("cuda", "float32")
TOLERANCE = 1e-3


def test_a_trained_model_says_the_same():
    figures = measure_agreement(
        AgreementSettings(GOLDEN / "tiny_model", GOLDEN / "stream", num_frames=200, ours=GPU, reference=CPU)
    )
    assert figures["p_skip_max_diff"] < TOLERANCE
    assert figures["frame_logits_max_diff"] < TOLERANCE
    assert figures["token_logits_max_diff"] < TOLERANCE
    assert figures["decisions_that_differ"] == figures["tokens_that_differ"] == 0


@pytest.mark.parametrize("history", HISTORY_NAMES)
def test_every_history_agrees_and_moves_between_devices(history):
    engines, outcomes = {}, {}
    for device in ("cpu", "cuda"):
        model = load_model(GOLDEN / "tiny_model", device, "float32")
        if history in LEARNED_NAMES:
            model = with_memory(model, history)
            model.memory.to(device)
        settings = replace(StreamSettings.from_config(model.config), history=history)
        engine = NarratorEngine(model, num_slots=2, histories=[history])
        engine.open_stream("cam", settings)
        engines[device] = engine
        frames = list(random_frames(30, seed=3, shape=(10, 64)))
        outcomes[device] = [engine.step([frame])[0] for frame in frames]
    for ours, theirs in zip(outcomes["cuda"][1:], outcomes["cpu"][1:], strict=True):
        assert abs(ours.p_skip - theirs.p_skip) < TOLERANCE
    moved = StreamSnapshot.from_bytes(engines["cuda"].snapshot("cam").to_bytes())
    engines["cpu"].close_stream("cam")
    engines["cpu"].open_stream("cam", settings, moved)
    following = list(random_frames(40, seed=3, shape=(10, 64)))[30:]
    for frame in following:
        ours, theirs = (engines[device].step([frame])[0] for device in ("cuda", "cpu"))
        assert abs(ours.p_skip - theirs.p_skip) < TOLERANCE


def test_recorded_runs_are_reproduced_on_the_gpu(tmp_path):
    folder = write_small_folder(tmp_path / "recorded")
    results = list(check_stream(folder, device="cuda"))
    assert results
    assert [result for result in results if not result.passed and "video" in result.file] == []


def test_this_machine_has_a_gpu():
    assert torch.cuda.is_available(), "run these tests on a machine with a GPU: make test-gpu"
