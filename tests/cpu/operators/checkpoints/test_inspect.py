"""What is said about a model folder."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from operators.checkpoints.folder import model_hash
from operators.checkpoints.inspect import inspect_model
from operators.errors import CheckpointError
from tests.support.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


def test_sizes_and_layout(original: Path) -> None:
    report = inspect_model(original)
    assert report.hash == model_hash(original)
    parts = {part.name: part for part in report.parts}
    assert list(parts) == ["vision", "language", "connector", "memory"]
    assert parts["connector"].num_parameters == 2 * (32 * 32 + 32)
    assert parts["connector"].num_bytes == 2 * parts["connector"].num_parameters
    assert parts["vision"].dtypes == ("float16",)
    assert {piece.name: piece.text for piece in report.pieces}["close"] == "]\n"
    assert report.stream.memory_bytes == 4 * 4 * 8 * 4
    assert report.stream.cache_bytes_per_token == 2 * 2 * 2 * 8 * 4
    assert report.stream.max_cache_bytes > 200 * report.stream.cache_bytes_per_token


def test_half_lives_follow_the_gate_bias(original: Path) -> None:
    report = inspect_model(original)
    assert len(report.half_lives) == 4
    for item in report.half_lives:
        tokens = torch.log(torch.tensor(0.5)) / torch.linspace(2.0, 7.0, 4).sigmoid().log()
        assert item.frames == pytest.approx((tokens / 10).tolist(), rel=1e-4)
        assert item.seconds == pytest.approx([frames / 2 for frames in item.frames])


def test_broken_parts_are_named(original: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(original, tmp_path / "model"))
    weights = folder / "language/model.safetensors"
    tensors = load_file(weights)
    save_file({**tensors, "extra": torch.zeros(3)}, weights)
    with pytest.raises(CheckpointError, match=r"model.safetensors: unexpected tensor 'extra' \[3\]"):
        inspect_model(folder)
