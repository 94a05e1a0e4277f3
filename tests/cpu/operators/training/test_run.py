"""All stages on a tiny model: they learn, and what they write is a model folder."""

from dataclasses import replace

import torch

from operators.checkpoints.load import load_model, model_hash
from operators.encoder.frame_encoder import FrameEncoder
from operators.training.run import run_training
from operators.training.settings import smoke_settings


def test_a_run_learns_and_writes_a_model(tmp_path):
    settings = smoke_settings()
    data = replace(settings.data, num_videos=2)
    language = replace(settings.language, max_steps=25, learning_rate=5e-3)
    settings = replace(settings, data=data, language=language)
    result = run_training(settings, tmp_path, torch.device("cpu"))
    assert result.num_videos == 2
    assert result.losses[-1] < 0.7 * result.losses[0]
    assert set(result.memory_by_age) >= {"empty", "0-7 s"}
    model = load_model(tmp_path, "cpu")
    assert model.config.limits.max_trained_position > settings.data.num_frames * 11
    assert FrameEncoder.load(tmp_path, "cpu").image_size == 48
    assert len(model_hash(tmp_path)) == 16
