"""The files of a model folder and their hash."""

import shutil
from pathlib import Path

import pytest

from operators.checkpoints.files import FILES, read_json
from operators.checkpoints.folder import model_hash, read_config
from operators.errors import CheckpointError
from tests.support.tiny_model import write_tiny_model


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "model"))


@pytest.mark.parametrize("name", FILES)
def test_the_hash_changes_with_every_file(original: Path, folder: Path, name: str) -> None:
    assert model_hash(folder) == model_hash(original)
    with (folder / name).open("ab") as file:
        file.write(b" ")
    assert model_hash(folder) != model_hash(original)


def test_the_hash_leaves_the_model_card_out(original: Path, folder: Path) -> None:
    (folder / "README.md").write_text("card")
    assert model_hash(folder) == model_hash(original)
    assert len(model_hash(folder)) == 16


def test_what_is_missing_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no model folder"):
        read_config(tmp_path / "none")
    (folder / "config.json").unlink()
    with pytest.raises(CheckpointError, match=r"config.json is missing. A model folder holds"):
        read_config(folder)
    with pytest.raises(CheckpointError, match=r"config.json is missing"):
        model_hash(folder)


def test_json_that_is_none(folder: Path) -> None:
    (folder / "language/config.json").write_text("[1]")
    with pytest.raises(CheckpointError, match="must be a JSON object"):
        read_json(folder, "language/config.json")
    (folder / "language/config.json").write_text("{")
    with pytest.raises(CheckpointError, match="not valid JSON"):
        read_json(folder, "language/config.json")
