"""`flownar model convert` and `inspect` on a released model."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from operators.checkpoints.folder import model_hash
from operators.errors import CheckpointError
from tests.support.released_model import TINY_MODEL
from topologies.cli import build_app


def test_it_says_what_it_wrote_and_the_result_can_be_inspected(tmp_path: Path) -> None:
    target = tmp_path / "out"
    arguments = ["model", "convert", str(TINY_MODEL), str(target), "--dtype", "bfloat16"]
    result = CliRunner().invoke(build_app(), arguments)
    assert result.exit_code == 0, result.output
    assert str(target / "language/model.safetensors") in result.stdout.splitlines()
    shown = CliRunner().invoke(build_app(), ["model", "inspect", str(target), "--json"])
    report = json.loads(shown.stdout)
    assert (report["form"], report["hash"]) == ("merged", model_hash(target))
    dtypes = {part["name"]: part["dtypes"] for part in report["parts"]}
    assert dtypes == {"language": ["bfloat16"], "connector": ["bfloat16"], "memory": ["float32"]}

    again = CliRunner().invoke(build_app(), arguments)
    assert isinstance(again.exception, CheckpointError)
    assert CliRunner().invoke(build_app(), [*arguments, "--force"]).exit_code == 0


def test_an_unknown_dtype_is_a_usage_error(tmp_path: Path) -> None:
    arguments = ["model", "convert", str(TINY_MODEL), str(tmp_path / "out"), "--dtype", "int8"]
    assert CliRunner().invoke(build_app(), arguments).exit_code == 2


@pytest.mark.parametrize("path", [TINY_MODEL, TINY_MODEL / "adapter"])
def test_a_released_model_is_inspected(path: Path) -> None:
    result = CliRunner().invoke(build_app(), ["model", "inspect", str(path), "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert (report["form"], report["hash"]) == ("released", model_hash(TINY_MODEL))
    assert [part["name"] for part in report["parts"]] == ["language", "lora", "connector", "memory"]
    assert len(report["half_lives"]) == 8
    assert report["stream"]["memory_bytes"] == 8 * 4 * 8 * 4
    assert {piece["name"]: piece["token_ids"] for piece in report["pieces"]}["close"] == [933]
    assert "released model" in CliRunner().invoke(build_app(), ["model", "inspect", str(path)]).stdout
