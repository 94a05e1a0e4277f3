"""NarrationWriter: text, JSON lines and captions on stdout."""

import io
import json

import pytest
from rich.console import Console

from pipeline.watch.narrations import ReadNarration
from tests.support.outputs import START_NS, narration_event
from topologies.cli.narration_formats import NarrationWriter

NARRATIONS = [
    ReadNarration(narration_event("hall/2", 0, "a bench", length_s=0.0), 1, 7, START_NS // 1_000_000),
    ReadNarration(narration_event("hall/2", 1, "shuts the <box>"), 1, 9, START_NS // 1_000_000),
    ReadNarration(narration_event("a", 2, "opens [it]"), 3, 2, START_NS // 1_000_000),
]


def written(format: str, capsys: pytest.CaptureFixture[str], *, colours: bool = False) -> str:
    console = Console(
        file=io.StringIO(), force_terminal=colours, color_system="standard" if colours else None
    )
    writer = NarrationWriter(format, console)  # type: ignore[arg-type]
    for narration in NARRATIONS:
        writer.write(narration)
    return capsys.readouterr().out


def test_text_is_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    lines = written("text", capsys).splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == [
        "hall/2  a bench",
        "hall/2  shuts the <box>  2.5 s",
        "a       opens [it]  2.5 s",
    ]
    assert all(line[8:10] in (".0", ".5") for line in lines)


def test_text_has_colours_on_a_terminal_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[" in written("text", capsys, colours=True)
    assert "\x1b[" not in written("text", capsys)


def test_json_lines_are_the_events_data_with_id_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    first, second, _ = map(json.loads, written("jsonl", capsys).splitlines())
    assert first["id"] == "hall%2F2#1767323045000000000#0"
    assert (first["partition"], first["offset"]) == (1, 7)
    assert second["text"] == "shuts the <box>"
    assert second["start"] == "2026-01-02T03:04:07.500000000Z"
    assert second["end"] == "2026-01-02T03:04:10.000000000Z"


def test_captions_count_from_the_first_narration(capsys: pytest.CaptureFixture[str]) -> None:
    assert written("vtt", capsys) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:00.001\n<v hall/2>a bench\n\n"
        "00:00:02.500 --> 00:00:05.000\n<v hall/2>shuts the &lt;box&gt;\n\n"
        "00:00:05.000 --> 00:00:07.500\n<v a>opens [it]\n\n"
    )
    assert written("srt", capsys).startswith("1\n00:00:00,000 --> 00:00:00,001\n[hall/2] a bench\n\n2\n")
