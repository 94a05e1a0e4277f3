"""How narrations are written to a terminal, a pipe or a captions file."""

import json
import sys
from datetime import datetime
from typing import Literal

from rich.console import Console
from rich.text import Text

from operators.frames.captions import WEBVTT_HEADER, Caption, srt_cue, webvtt_cue
from pipeline.watch.narrations import ReadNarration
from pipeline.wire.cloud_event import format_event_id
from pipeline.wire.narration_event import encode_narration
from pipeline.wire.times import NS_PER_S
from topologies.cli.console import print_json

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")
_WIDEST_STREAM = 28


class NarrationWriter:
    """Writes narrations one by one, each at once.

    Args:
        format: `text` (time, stream, narration), `jsonl` (an object a line), `vtt` or `srt`.
        console: Says what stdout can show (width, colours); text is styled for it.
    """

    def __init__(self, format: Literal["text", "jsonl", "vtt", "srt"], console: Console) -> None:
        self._format = format
        self._console = console
        self._stream_width = 0
        self._colours: dict[str, str] = {}
        self._origin_ns: int | None = None
        self._number = 0
        if format == "vtt":
            _write(WEBVTT_HEADER)

    def write(self, read: ReadNarration) -> None:
        """Write one narration."""
        self._number += 1
        if self._format == "text":
            # Not printed by rich itself: it ends the process if the pipe is closed.
            with self._console.capture() as capture:
                self._console.print(self._line(read), soft_wrap=True)
            _write(capture.get())
        elif self._format == "jsonl":
            print_json(narration_json(read))
        elif self._format == "vtt":
            _write(webvtt_cue(self._caption(read)))
        else:
            _write(srt_cue(self._number, self._caption(read)))

    def _line(self, read: ReadNarration) -> Text:
        stream, narration = read.event.stream, read.event.narration
        self._stream_width = min(max(self._stream_width, len(stream)), _WIDEST_STREAM)
        moment = datetime.fromtimestamp(narration.end_time_ns / NS_PER_S).astimezone()
        colour = self._colours.setdefault(stream, _COLOURS[len(self._colours) % len(_COLOURS)])
        length_s = (narration.end_time_ns - narration.start_time_ns) / NS_PER_S
        return Text.assemble(
            (f"{moment:%H:%M:%S}.{moment.microsecond // 100_000}", "dim"),
            "  ",
            (stream.ljust(self._stream_width), colour),
            "  ",
            (narration.text, "bold"),
            (f"  {length_s:.1f} s" if length_s else "", "dim"),
        )

    def _caption(self, read: ReadNarration) -> Caption:
        narration = read.event.narration
        if self._origin_ns is None:
            self._origin_ns = narration.start_time_ns
        return Caption(
            start_s=(narration.start_time_ns - self._origin_ns) / NS_PER_S,
            end_s=(narration.end_time_ns - self._origin_ns) / NS_PER_S,
            text=narration.text,
            speaker=read.event.stream,
        )


def narration_json(read: ReadNarration) -> dict[str, object]:
    """Return the event's data as on the wire, with its id and place."""
    event = read.event
    value, _ = encode_narration(event)
    return {
        "id": format_event_id(event.stream, event.epoch, event.number),
        **json.loads(value),
        "partition": read.partition,
        "offset": read.offset,
    }


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
