"""EventWriter: text, JSON lines and captions on stdout."""

import io
import json
from collections.abc import Sequence
from datetime import datetime

import pytest
from rich.console import Console

from pipeline.watch.events import ReadEvent
from pipeline.wire.stream_event import AnyStreamEvent
from tests.support import stream_events as known
from tests.support.outputs import START_NS, narration_event
from topologies.cli.narration_formats import EventWriter

NARRATIONS = [
    ReadEvent(narration_event("hall/2", 0, "a bench", length_s=0.0), 1, 7, START_NS // 1_000_000),
    ReadEvent(narration_event("hall/2", 1, "shuts the <box>"), 1, 9, START_NS // 1_000_000),
    ReadEvent(narration_event("a", 2, "opens [it]"), 3, 2, START_NS // 1_000_000),
]

EVENTS: list[ReadEvent[AnyStreamEvent]] = [
    NARRATIONS[0],
    ReadEvent(known.notice(known.SILENT, stream="hall/2", number=1), 1, 8, START_NS // 1_000_000 + 61_000),
    ReadEvent(known.notice(known.SHED, stream="hall/2", number=2), 1, 9, START_NS // 1_000_000 + 70_000),
    ReadEvent(known.notice(known.UNNARRATED, stream="hall/2", number=3), 1, 10, START_NS // 1_000_000),
    *NARRATIONS[1:],
]


def written(
    format: str,
    capsys: pytest.CaptureFixture[str],
    *,
    colours: bool = False,
    events: Sequence[ReadEvent[AnyStreamEvent]] = NARRATIONS,
) -> str:
    console = Console(
        file=io.StringIO(), force_terminal=colours, color_system="standard" if colours else None
    )
    writer = EventWriter(format, console)  # type: ignore[arg-type]
    for event in events:
        writer.write(event)
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
    assert first["type"] == "flownar.narration.v1"
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


def test_what_else_is_told_stands_between_the_narrations(capsys: pytest.CaptureFixture[str]) -> None:
    lines = written("text", capsys, events=EVENTS).splitlines()
    since = datetime.fromtimestamp(START_NS / 1e9 + 1).astimezone()
    assert [line.split("  ", 1)[1] for line in lines] == [
        "hall/2  a bench",
        f"hall/2  silent since {since:%H:%M:%S}",
        "hall/2  left out 14 frames (overload)",
        "hall/2  unnarrated: The stream ended in a segment without a narration. (frames went unnarrated)",
        "hall/2  shuts the <box>  2.5 s",
        "a       opens [it]  2.5 s",
    ]
    # A silent camera has no time of its own: the line's is that of the telling.
    assert [line[6:8] for line in lines[:4]] == ["05", "06", "14", "09"]


def test_faults_stand_out_on_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    _, silent, _, fault, *_ = written("text", capsys, events=EVENTS, colours=True).splitlines()
    assert "\x1b[2msilent" in silent
    assert "\x1b[31munnarrated" in fault


def test_json_lines_of_events_carry_their_type_and_data(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(line) for line in written("jsonl", capsys, events=EVENTS).splitlines()]
    assert [line["type"].split(".")[1] for line in lines] == [
        "narration",
        "gap",
        "shed",
        "fault",
        "narration",
        "narration",
    ]
    silent = lines[1]
    assert silent["id"] == "hall%2F2#1767323045000000000#1"
    assert (silent["kind"], silent["after"]) == ("silent", None)
    assert (silent["partition"], silent["offset"]) == (1, 8)
    assert lines[2]["frames"] == 14


@pytest.mark.parametrize("format", ["vtt", "srt"])
def test_captions_have_narrations_alone(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert written(format, capsys, events=EVENTS) == written(format, capsys)
