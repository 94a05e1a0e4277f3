"""`flownar bench`, run as a user runs it."""

import json

import pytest
from typer.testing import CliRunner

from topologies.cli import build_app


def run(*arguments):
    return CliRunner().invoke(build_app(), ["bench", *arguments])


def test_an_endless_stream_reports_at_its_marks_and_its_end():
    result = run("endless", "--frames", "1100", "--retain", "2", "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert [row["frames"] for row in report["marks"]] == [1000, 1100]
    assert report["retain_narrations"] == 2
    first = report["marks"][0]
    assert first["activity_right"] > 0.9
    assert first["cache_tokens_max"] < 400
    assert first["memory_state_bytes"] > 0


def test_a_short_stream_has_one_row():
    result = run("endless", "--frames", "30")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert lines[1].split()[0] == "30"


@pytest.mark.parametrize(
    "arguments",
    [("--history", "recnt"), ("--model", "/nowhere"), ("--videos", "/nowhere"), ("--frames", "0")],
)
def test_mistakes_are_usage_errors(arguments):
    assert run("endless", *arguments).exit_code == 2


def test_two_precisions_of_one_model():
    result = run("agreement", "--frames", "20", "--device", "cpu", "--dtype", "bfloat16", "--json")
    assert result.exit_code == 0, result.output
    figures = json.loads(result.stdout)
    assert 0 < figures["frame_logits_max_diff"] < 1
    assert figures["frames"] == 20


def test_a_model_agrees_with_itself():
    result = run("agreement", "--frames", "12", "--device", "cpu", "--dtype", "float32", "--json")
    figures = json.loads(result.stdout)
    assert figures["frame_logits_max_diff"] == figures["p_skip_max_diff"] == 0.0
    assert figures["decisions_that_differ"] == figures["tokens_that_differ"] == 0


def test_an_unknown_outage_is_a_usage_error():
    result = run("resilience", "--only", "broker asleep")
    assert result.exit_code == 2
    assert "broker away" in result.stderr
