"""`flownar model inspect` on a tiny model folder."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner

from operators.errors import CheckpointError
from tests.support.tiny_model import write_tiny_model
from topologies.cli import build_app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("tiny"))


def test_json_has_everything(folder: Path) -> None:
    result = CliRunner().invoke(build_app(), ["model", "inspect", str(folder), "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert len(report["hash"]) == 16
    assert [part["name"] for part in report["parts"]] == ["vision", "language", "connector", "memory"]
    assert report["parts"][3]["dtypes"] == ["float32"]
    assert report["stream"]["memory_bytes"] == 4 * 4 * 8 * 4
    assert report["stream"]["num_frame_tokens"] == 10
    assert report["config"]["fps"] == 2.0
    heads = report["half_lives"]
    assert [(item["layer"], item["head"]) for item in heads] == [(0, head) for head in range(4)]
    assert heads[0]["frames"] == sorted(heads[0]["frames"])
    assert heads[0]["seconds"][0] == pytest.approx(heads[0]["frames"][0] / 2)


def test_tables_fit_a_terminal_and_name_every_part(folder: Path) -> None:
    result = CliRunner().invoke(build_app(), ["model", "inspect", str(folder)], env={"COLUMNS": "100"})
    assert result.exit_code == 0, result.output
    for word in (
        "vision",
        "language",
        "connector",
        "memory",
        "together",
        "opening_bracket",
        "longest",
        "frames/s",
    ):
        assert word in result.stdout
    tables = [line for line in result.stdout.splitlines() if line.startswith(("│", "┃"))]
    assert max(len(line) for line in tables) <= 100


def test_a_missing_folder_is_said_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(build_app(), ["model", "inspect", str(tmp_path / "none")])
    assert isinstance(result.exception, CheckpointError)
    assert "there is no model folder" in str(result.exception)


def test_a_memory_that_forgets_is_warned_of(folder: Path, tmp_path: Path) -> None:
    forgetful = Path(shutil.copytree(folder, tmp_path / "model"))
    adapter = load_file(forgetful / "adapter.safetensors")
    adapter["clam.layers.0.multihead_attn.gk_proj.1.bias"].zero_()
    save_file(adapter, forgetful / "adapter.safetensors")
    result = CliRunner().invoke(build_app(), ["model", "inspect", str(forgetful)])
    assert "This memory forgets" in result.stdout
    assert (
        "This memory forgets" not in CliRunner().invoke(build_app(), ["model", "inspect", str(folder)]).stdout
    )
