"""Loading the narrator's part of a model folder, and what is said about broken ones."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from operators.checkpoints.load import load_model, model_hash
from operators.errors import CheckpointError
from tests.support.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "model"))


def test_parts_have_their_dtypes_and_the_weights_on_disk(original: Path) -> None:
    model = load_model(original, "cpu")
    assert {p.dtype for p in model.decoder.parameters()} == {torch.float32}
    assert {p.dtype for p in model.memory.parameters()} == {torch.float32}
    assert not model.memory.training
    assert not model.decoder.training
    adapter = load_file(original / "adapter.safetensors")
    torch.testing.assert_close(model.connector.state_dict()["2.bias"], adapter["connector.2.bias"].float())
    torch.testing.assert_close(
        model.memory.state_dict()["query_embed.weight"], adapter["clam.query_embed.weight"]
    )
    assert model.config.memory.num_memory_tokens == model.layout.num_memory_tokens == 4
    assert model.model_hash == model_hash(original)


def test_another_dtype_leaves_the_memory_in_float32(original: Path) -> None:
    model = load_model(original, "cpu", "bfloat16")
    assert {p.dtype for p in model.decoder.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in model.connector.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in model.memory.parameters()} == {torch.float32}


def test_loading_does_not_import_transformers(original: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from operators.checkpoints.load import load_model\n"
        f"load_model(pathlib.Path({str(original)!r}), 'cpu')\n"
        "sys.exit('transformers' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def change_tensors(path: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path)


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (
            "adapter.safetensors",
            lambda t: t.pop("clam.layers.0.multihead_attn.k.weight"),
            r"tensor 'clam.layers.0.multihead_attn.k.weight' \[16, 32\] is missing.*config.json",
        ),
        (
            "adapter.safetensors",
            lambda t: t.update({"clam.tgt_embed.weight": torch.zeros(4, 32)}),
            r"unexpected tensor 'clam.tgt_embed.weight' \[4, 32\].*save the model again",
        ),
        (
            "adapter.safetensors",
            lambda t: t.update({"connector.0.weight": torch.zeros(32, 31)}),
            r"tensor 'connector.0.weight' is \[32, 31\], but config.json asks for \[32, 32\]",
        ),
        (
            "language/model.safetensors",
            lambda t: t.pop("model.norm.weight"),
            r"'model.norm.weight'.*missing",
        ),
    ],
)
def test_wrong_tensors_are_named(
    folder: Path, file: str, change: Callable[[dict[str, Tensor]], object], message: str
) -> None:
    change_tensors(folder / file, change)
    with pytest.raises(CheckpointError, match=message):
        load_model(folder, "cpu")


def test_a_config_that_does_not_fit_is_named(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["memory"]["num_memory_tokens"] = 5
    (folder / "config.json").write_text(json.dumps(config))
    message = r"'clam.query_embed.weight' is \[4, 32\], but config.json asks for \[5, 32\]"
    with pytest.raises(CheckpointError, match=message):
        load_model(folder, "cpu")


@pytest.mark.parametrize(
    "name", ["adapter.safetensors", "language/model.safetensors", "language/tokenizer.json"]
)
def test_missing_and_broken_files_are_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"\x08\0\0\0\0\0\0\0 broken!")
    with pytest.raises(CheckpointError, match=name):
        load_model(folder, "cpu")
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=f"{name} is missing"):
        load_model(folder, "cpu")
