"""Finding weights, single and sharded, and what is refused."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from operators.checkpoints.weights.files import WeightFiles
from operators.checkpoints.weights.tensor_info import TensorInfo
from operators.errors import CheckpointError

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


@pytest.fixture
def sharded(tmp_path: Path) -> Path:
    save_file({"a": torch.arange(3.0)}, tmp_path / FIRST)
    save_file({"b": torch.ones(2, 2, dtype=torch.bfloat16)}, tmp_path / SECOND)
    write_index(tmp_path, {"a": FIRST, "b": SECOND})
    return tmp_path


def write_index(path: Path, weight_map: object) -> None:
    (path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


def test_shards_are_read_as_one(sharded: Path) -> None:
    weights = WeightFiles.find(sharded)
    assert weights.infos() == {"a": TensorInfo((3,), "float32", 12), "b": TensorInfo((2, 2), "bfloat16", 8)}
    assert {name: tensor.tolist() for name, tensor in weights.tensors()} == {
        "a": [0.0, 1.0, 2.0],
        "b": [[1.0, 1.0], [1.0, 1.0]],
    }
    assert weights.read("b").dtype == torch.bfloat16
    names = {path.name for path in weights.files}
    assert names == {FIRST, SECOND, "model.safetensors.index.json"}


def test_one_file_comes_before_shards(sharded: Path) -> None:
    save_file({"c": torch.zeros(1)}, sharded / "model.safetensors")
    assert list(WeightFiles.find(sharded).infos()) == ["c"]


def test_what_is_missing_or_broken_is_named(sharded: Path) -> None:
    weights = WeightFiles.find(sharded)
    with pytest.raises(CheckpointError, match=r"index.json: tensor 'z' is missing"):
        weights.read("z")
    (sharded / SECOND).write_bytes(b"\x08\0\0\0\0\0\0\0 broken!")
    with pytest.raises(CheckpointError, match=rf"{SECOND} is no readable safetensors file"):
        weights.infos()
    (sharded / SECOND).unlink()
    with pytest.raises(CheckpointError, match=rf"{SECOND} is missing, but model.safetensors.index.json"):
        WeightFiles.find(sharded)
    write_index(sharded, {"a": "../elsewhere.safetensors"})
    with pytest.raises(CheckpointError, match=r"'../elsewhere.safetensors' does not lie in the same folder"):
        WeightFiles.find(sharded)
    write_index(sharded, [])
    with pytest.raises(CheckpointError, match="has no weight_map"):
        WeightFiles.find(sharded)


def test_a_dtype_that_is_no_floating_one_is_named(tmp_path: Path) -> None:
    save_file({"packed": torch.zeros(2, dtype=torch.uint8)}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="tensor 'packed' has the dtype U8, which is not supported"):
        WeightFiles.find(tmp_path).infos()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "weights.pt", "weights.pth"])
def test_pickles_are_never_read_and_the_way_out_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"a pickle that would run code")
    with pytest.raises(CheckpointError, match=rf"only as a pickle: {name}.*convert once.*save_pretrained"):
        WeightFiles.find(tmp_path)
