"""`flownar narrate`, run as a user runs it."""

import json

import pytest
from typer.testing import CliRunner

from tests.support.tiny_model import write_tiny_model
from topologies.cli import build_app

SOURCE = "world:200000?seconds=30"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(write_tiny_model(tmp_path_factory.mktemp("model")))


def run(*arguments):
    return CliRunner().invoke(build_app(), ["narrate", *arguments])


def test_narrations_are_printed_and_written(model, tmp_path):
    captions, video = tmp_path / "to" / "captions.vtt", tmp_path / "captioned.mp4"
    result = run(SOURCE, "--model", model, "--out", str(captions), "--captioned", str(video))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("  0:00.0 - 0:00.0")
    written = captions.read_text(encoding="utf-8")
    assert written.startswith("WEBVTT\n")
    assert written.count("-->") == len(lines)
    assert video.stat().st_size > 10_000
    assert "60 frames, 0:29.5 of video" in result.stderr


def test_json_lines_tell_the_same(model):
    text = run(SOURCE, "--model", model).stdout.splitlines()
    result = run(SOURCE, "--model", model, "--json")
    assert result.exit_code == 0
    narrations = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(narrations) == len(text)
    assert [n["segment"] for n in narrations] == list(range(len(narrations)))
    assert set(narrations[0]) == {"segment", "start_s", "end_s", "text", "p_skip", "forced"}
    assert narrations[0]["p_skip"] is None
    for line, narration in zip(text, narrations, strict=True):
        assert line.rstrip().endswith(narration["text"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing.mp4"], "nothing.mp4 does not exist"),
        (["ftp://camera/1"], "unknown scheme"),
        ([SOURCE, "--model", "nowhere"], "no model folder"),
        ([SOURCE, "--prompt", " "], "prompt"),
    ],
)
def test_errors_say_what_is_wrong(model, arguments, message):
    with_model = arguments if "--model" in arguments else [*arguments, "--model", model]
    result = run(*with_model)
    assert result.exit_code != 0
    assert message in str(result.exception) + result.output


def test_a_live_source_can_not_be_captioned(tmp_path):
    result = run("rtsp://127.0.0.1:1/live", "--captioned", str(tmp_path / "x.mp4"))
    assert result.exit_code == 2
    assert "live source" in result.stderr
