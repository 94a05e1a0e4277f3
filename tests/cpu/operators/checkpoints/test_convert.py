"""Converting: the result says the same, and nothing is written over by accident."""

import json
from pathlib import Path

import pytest
import torch

from operators.checkpoints.convert import convert_model
from operators.checkpoints.files import FILES
from operators.checkpoints.folder import read_config
from operators.checkpoints.load import load_model
from operators.encoder.frame_encoder import FrameEncoder
from operators.errors import CheckpointError
from operators.narrator.model import NarratorModel
from tests.support.released_model import TINY_MODEL, change_tensors, copy_released_model
from tests.support.tiny_model import write_tiny_model


def assert_same(model: NarratorModel, other: NarratorModel) -> None:
    for module in ("decoder", "connector", "memory"):
        mine, theirs = (getattr(each, module).state_dict() for each in (model, other))
        assert mine.keys() == theirs.keys()
        assert all(torch.equal(mine[name], theirs[name]) for name in mine), module
    assert (model.config, model.decoder.config) == (other.config, other.decoder.config)
    assert model.tokenizer.to_str() == other.tokenizer.to_str()


def test_a_released_model_is_the_same_after_it(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    written = convert_model(
        TINY_MODEL, tmp_path / "out", dtype=torch.float32, progress=lambda *call: calls.append(call)
    )
    assert_same(load_model(tmp_path / "out", "cpu"), load_model(TINY_MODEL, "cpu"))
    assert calls[-1] == (len(calls), len(calls))
    assert [path.relative_to(tmp_path / "out").as_posix() for path in written] == [
        name for name in FILES if not name.startswith("vision/")
    ]
    assert all(path.is_file() for path in written)
    assert json.loads((tmp_path / "out/language/config.json").read_text())["tie_word_embeddings"] is False


def test_a_merged_model_goes_into_another_dtype_with_its_tower(tmp_path: Path) -> None:
    source = write_tiny_model(tmp_path / "source")
    convert_model(source, tmp_path / "out", dtype=torch.bfloat16)
    model, original = load_model(tmp_path / "out", "cpu"), load_model(source, "cpu", "bfloat16")
    assert torch.equal(model.decoder.lm_head.weight.bfloat16(), original.decoder.lm_head.weight)
    assert read_config(tmp_path / "out") == read_config(source)
    FrameEncoder.load(tmp_path / "out", "cpu")


def test_a_folder_that_holds_something_is_left_alone_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(CheckpointError, match=r"is not empty.*--force"):
        convert_model(TINY_MODEL, tmp_path, dtype=torch.float32)
    convert_model(TINY_MODEL, tmp_path, dtype=torch.float32, force=True)
    assert (tmp_path / "note.txt").read_text() == "mine"
    load_model(tmp_path, "cpu")


def test_targets_that_would_mix_two_models_are_refused(tmp_path: Path) -> None:
    source = copy_released_model(tmp_path / "source")
    for target in (source, source / "base", source / "adapter"):
        with pytest.raises(CheckpointError, match="belongs to the model that is read"):
            convert_model(source, target, dtype=torch.float32, force=True)
    other = write_tiny_model(tmp_path / "other")
    with pytest.raises(CheckpointError, match="holds a vision tower, but"):
        convert_model(source, other, dtype=torch.float32, force=True)
    with pytest.raises(CheckpointError, match="is no folder"):
        convert_model(source, other / "config.json", dtype=torch.float32, force=True)


def test_numbers_that_the_dtype_can_not_write_are_named(tmp_path: Path) -> None:
    source = copy_released_model(tmp_path / "source")
    change_tensors(
        source / "base/model.safetensors", lambda t: t["model.layers.1.mlp.up_proj.weight"].fill_(1e5)
    )
    with pytest.raises(CheckpointError, match=r"'model.layers.1.mlp.up_proj.weight'.* float16.*bfloat16"):
        convert_model(source, tmp_path / "out", dtype=torch.float16)
    assert not (tmp_path / "out").exists()
    convert_model(source, tmp_path / "out", dtype=torch.bfloat16)
