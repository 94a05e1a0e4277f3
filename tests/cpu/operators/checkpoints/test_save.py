"""Writing a model folder."""

import dataclasses
import json
from pathlib import Path

import torch
from safetensors.torch import load_file

from operators.checkpoints.files import FILES
from operators.checkpoints.folder import read_config
from operators.checkpoints.save import ModelParts, save_model
from tests.support.tiny_model import train_tokenizer, write_tiny_model


def make_parts(folder: Path) -> ModelParts:
    """The parts of a folder, read with nothing but safetensors and json."""

    adapter = load_file(folder / "adapter.safetensors")
    return ModelParts(
        config=read_config(folder),
        vision_config=json.loads((folder / "vision/config.json").read_text()),
        vision=load_file(folder / "vision/model.safetensors"),
        language_config=json.loads((folder / "language/config.json").read_text()),
        language=load_file(folder / "language/model.safetensors"),
        connector={k.removeprefix("connector."): v for k, v in adapter.items() if k.startswith("connector.")},
        memory={k.removeprefix("clam."): v for k, v in adapter.items() if k.startswith("clam.")},
        tokenizer=train_tokenizer(["a b"]),
    )


def test_saving_again_keeps_everything(tmp_path: Path) -> None:
    first = write_tiny_model(tmp_path / "first")
    second = tmp_path / "second"
    save_model(second, make_parts(first))
    for name in set(FILES) - {"language/tokenizer.json"}:
        assert (second / name).read_bytes() == (first / name).read_bytes(), name
    assert not list(second.rglob("*.partial"))


def test_dtypes_on_disk_and_other_files(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "model")
    (folder / "README.md").write_text("card")
    save_model(folder, make_parts(folder), dtype=torch.bfloat16, memory_dtype=torch.float16)
    adapter = load_file(folder / "adapter.safetensors")
    assert adapter["connector.0.weight"].dtype == torch.bfloat16
    assert adapter["clam.query_embed.weight"].dtype == torch.float16
    assert load_file(folder / "vision/model.safetensors")["head.probe"].dtype == torch.bfloat16
    assert (folder / "README.md").read_text() == "card"


def test_tied_tensors_are_written_as_copies(tmp_path: Path) -> None:
    folder = write_tiny_model(tmp_path / "model")
    parts = make_parts(folder)
    shared = torch.ones(4, 4, dtype=torch.float16)
    save_model(folder, dataclasses.replace(parts, language={"a": shared, "b": shared[:2]}))
    assert load_file(folder / "language/model.safetensors")["b"].shape == (2, 4)
