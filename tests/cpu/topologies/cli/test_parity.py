"""`flownar parity`, run as a user runs it; its sharpness is tested in test_parity_mutations."""

import json
import shutil

import pytest
from typer.testing import CliRunner

from tests.support.recorded import write_small_folder
from topologies.cli import build_app


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_small_folder(tmp_path_factory.mktemp("recorded"))


def run(*arguments):
    return CliRunner().invoke(build_app(), ["parity", *map(str, arguments)])


def test_a_line_per_file_and_a_verdict(folder):
    result = run(folder, "--part", "clam", "--part", "mask")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[-1] == "all 4 files agree"
    assert lines[1].startswith("pass")
    assert "clam/clam_d32_h4_m3_fixed.safetensors" in lines[1]


def test_a_file_that_differs_is_told_and_fails(folder, tmp_path):
    shutil.copytree(folder / "mask", tmp_path / "mask")
    shutil.copy(tmp_path / "mask" / "mask_vision_0.npz", tmp_path / "mask" / "mask_broken.npz")
    with (tmp_path / "mask" / "mask_broken.npz").open("r+b") as file:
        file.truncate(100)
    result = run(tmp_path, "--part", "mask")
    assert result.exit_code == 1
    assert "FAIL" in result.stdout
    assert "files differ" in result.stdout


def test_json_holds_no_infinity(tmp_path):
    result = run(tmp_path, "--part", "clam", "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout, parse_constant=pytest.fail)
    assert report["passed"] is False
    assert report["files"][0]["max_diff"] is None


def test_mistakes_are_usage_errors(folder, tmp_path):
    assert run(folder, "--part", "all").exit_code == 2
    missing = run(tmp_path / "nowhere")
    assert missing.exit_code != 0
