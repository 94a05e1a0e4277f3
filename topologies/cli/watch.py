"""`flownar watch`: narrations as they become visible."""

import os
import sys
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.console import out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.watch.narrations import NarrationReader, ReadNarration

POLL_S = 0.5
"""How long one read waits: Ctrl-C is noticed after that."""

STREAM_HELP = "Only streams that match, for example 'hall/*'. Several times: any of them."
FROM_HELP = (
    "beginning, now (the default), an age like -10m (s, m, h, d), or a time like 2026-01-02T03:04:05Z."
)
FOLLOW_HELP = "Go on with what comes; --no-follow ends with what is there (from the beginning, if not told)."


class Format(StrEnum):
    """How narrations are written."""

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
    follow: Annotated[bool, typer.Option(help=FOLLOW_HELP)] = True,
) -> None:
    """Show narrations as they become visible, each exactly once.

    Reads as any service should: committed narrations only.

    In vtt and srt, time 0 is the beginning of the first narration shown.

    Examples:

      flownar watch

      flownar watch --stream 'hall/*' --from -10m

      flownar watch --stream bench/1 --no-follow --format vtt > bench.vtt

      flownar watch --format jsonl --limit 100 | jq .text
    """
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.watch.narrations import NarrationReader  # noqa: PLC0415
    from topologies.cli.narration_formats import NarrationWriter  # noqa: PLC0415
    from topologies.cli.start_at import parse_start  # noqa: PLC0415

    begin = parse_start(start or ("now" if follow else "beginning"), time.time_ns())
    settings = load_settings().settings
    writer = NarrationWriter(format.value, out)
    with NarrationReader(settings.kafka, start=begin, streams=stream or ()) as reader:
        try:
            for number, narration in enumerate(_narrations(reader, follow=follow), start=1):
                writer.write(narration)
                if number == limit:
                    break
        except BrokenPipeError:
            # `flownar watch | head`: the reader has seen enough. Python would complain again when it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _narrations(reader: "NarrationReader", *, follow: bool) -> "Iterator[ReadNarration]":
    if not follow:
        yield from reader.read_present(POLL_S)
        return
    while True:
        yield from reader.read(POLL_S)
