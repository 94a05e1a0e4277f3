"""`flownar evaluate`, run as a user runs it."""

import json

import pytest
from typer.testing import CliRunner

from tests.support.tiny_model import write_tiny_model
from topologies.cli import build_app


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(write_tiny_model(tmp_path_factory.mktemp("model")))


def run(*arguments):
    return CliRunner().invoke(build_app(), ["evaluate", *arguments])


def test_json_has_totals_and_a_row_per_video(model):
    result = run("--world", "200000:200001", "--seconds", "30", "--model", model, "--json", "--theta", "0.7")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert {"f1", "needs_memory_right", "narrations", "videos"} <= report.keys()
    assert [row["seed"] for row in report["videos"]] == [200000, 200001]
    assert (report["theta"], report["seconds"], report["history"]) == (0.7, 30.0, "clam")
    assert "rendering: 2 done" in result.stderr


def test_a_table_is_shown(model):
    result = run("--world", "200000", "--seconds", "30", "--model", model, "--history", "none")
    assert result.exit_code == 0, result.output
    assert "200000" in result.stdout
    assert "history none" in result.stdout


@pytest.mark.parametrize("seeds", ["5:3", "a:b", "", "1:2:3", "-1:4"])
def test_a_bad_range_is_refused(seeds):
    result = run("--world", seeds)
    assert result.exit_code == 2
    assert "range of seeds" in result.stderr


def test_a_bad_history_is_refused():
    assert run("--world", "1:2", "--history", "all").exit_code == 2


def test_a_history_without_weights_is_refused_before_anything_is_rendered(model):
    result = run("--world", "200000:200009", "--model", model, "--history", "retnet")
    assert result.exit_code != 0
    assert "needs weights" in str(result.exception)
    assert "rendering" not in result.stderr


@pytest.mark.parametrize("theta", ["0", "1", "1.5"])
def test_thresholds_must_lie_between_0_and_1(theta):
    assert run("--world", "1:2", "--theta", theta).exit_code == 2
