"""`flownar watch`: narrations, and what else is told, as they become visible."""

import os
import sys
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.errors import ConfigError
from topologies.cli.console import out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.watch.events import EventReader, ReadEvent
    from pipeline.watch.narrations import NarrationReader
    from pipeline.wire.stream_event import AnyStreamEvent

POLL_S = 0.5
"""How long one read waits: Ctrl-C is noticed after that."""

STREAM_HELP = "Only streams that match, for example 'hall/*'. Several times: any of them."
FROM_HELP = (
    "beginning, now (the default), an age like -10m (s, m, h, d), or a time like 2026-01-02T03:04:05Z."
)
EVENTS_HELP = "Also gaps, frames left out, and faults. If not told: in text, not in the other formats."
FOLLOW_HELP = "Go on with what comes; --no-follow ends with what is there (from the beginning, if not told)."


class Format(StrEnum):
    """How events are written."""

    TEXT = "text"
    JSONL = "jsonl"
    VTT = "vtt"
    SRT = "srt"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(watch)


def watch(
    stream: Annotated[list[str] | None, typer.Option(help=STREAM_HELP, metavar="GLOB")] = None,
    format: Annotated[Format, typer.Option(help="text for people, the others for programs.")] = Format.TEXT,
    start: Annotated[str | None, typer.Option("--from", help=FROM_HELP, metavar="WHEN")] = None,
    limit: Annotated[int | None, typer.Option(help="End after so many narrations.", min=1)] = None,
    events: Annotated[bool | None, typer.Option("--events/--no-events", help=EVENTS_HELP)] = None,
    follow: Annotated[bool, typer.Option(help=FOLLOW_HELP)] = True,
) -> None:
    """Show narrations as they become visible, each exactly once.

    Reads as any service should: committed narrations only. Between them, dim lines tell where something is
    missing: a camera is silent or back, records never arrived, frames were left out; red lines tell faults.

    In vtt and srt, time 0 is the beginning of the first narration shown.

    Examples:

      flownar watch

      flownar watch --stream 'hall/*' --from -10m

      flownar watch --stream bench/1 --no-follow --format vtt > bench.vtt

      flownar watch --format jsonl --limit 100 | jq .text

      flownar watch --format jsonl --events | jq 'select(.type != "flownar.narration.v1")'
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.watch.events import EventReader  # noqa: PLC0415
    from pipeline.watch.narrations import NarrationReader  # noqa: PLC0415
    from pipeline.wire.narration_event import NarrationEvent  # noqa: PLC0415
    from topologies.cli.narration_formats import EventWriter  # noqa: PLC0415
    from topologies.cli.start_at import parse_start  # noqa: PLC0415

    if events and format in (Format.VTT, Format.SRT):
        raise ConfigError(
            f"--events does not go with --format {format.value}: captions are narrations alone.",
            action="Use --format text or jsonl.",
        )
    begin = parse_start(start or ("now" if follow else "beginning"), time.time_ns())
    settings = load_settings().settings
    writer = EventWriter(format.value, out)
    shows_all = format is Format.TEXT if events is None else events
    num_narrations = 0
    with (EventReader if shows_all else NarrationReader)(
        settings.kafka, start=begin, streams=stream or ()
    ) as reader:
        try:
            for read in _events(reader, follow=follow):
                writer.write(read)
                num_narrations += isinstance(read.event, NarrationEvent)
                if num_narrations == limit:
                    break
        except BrokenPipeError:
            # `flownar watch | head`: the reader has seen enough. Python would complain again when it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _events(
    reader: "EventReader | NarrationReader", *, follow: bool
) -> "Iterator[ReadEvent[AnyStreamEvent]]":
    if not follow:
        yield from reader.read_present(POLL_S)
        return
    while True:
        yield from reader.read(POLL_S)
