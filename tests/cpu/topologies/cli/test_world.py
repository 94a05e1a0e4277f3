import json

import pytest
from typer.testing import CliRunner

from operators.errors import FlowNarError
from topologies.cli import build_app


@pytest.fixture
def run():
    runner, app = CliRunner(), build_app()
    return lambda *arguments: runner.invoke(app, ["world", *map(str, arguments)])


def test_render_writes_a_video_and_its_truth(run, tmp_path):
    path = tmp_path / "bench.mp4"
    result = run(
        "render", "--seed", 200000, "--seconds", 30, "--fps", 2, "--size", 64, "--out", path, "--json"
    )
    assert result.exit_code == 0
    written = json.loads(result.stdout)
    assert path.stat().st_size > 1000
    assert len(json.loads((tmp_path / "bench.json").read_text())["narrations"]) == written["narrations"] > 3


def test_preview_writes_a_picture(run, tmp_path):
    assert run("preview", "--seed", 1, "--seconds", 30, "--out", tmp_path / "sheet.png").exit_code == 0
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    assert run("preview", "--seed", 1, "--out", tmp_path / "sheet.bmp").exit_code == 1


def test_seeds_that_are_kept_back_are_refused(run, tmp_path):
    result = run("render", "--seed", 900000, "--seconds", 30, "--out", tmp_path / "bench.mp4")
    assert isinstance(result.exception, FlowNarError)
    assert "900000" in result.exception.message


def test_help_shows_examples(run):
    assert "--seed 200000 --seconds 60" in run("render", "--help").stdout
