"""How narrations, and what else is told, are written to a terminal, a pipe or a captions file."""

import sys
from datetime import datetime
from typing import Literal

from rich.console import Console
from rich.text import Text

from operators.frames.captions import WEBVTT_HEADER, Caption, srt_cue, webvtt_cue
from pipeline.messages.events import Fault, Gap, GapKind, StreamEvent
from pipeline.watch.events import ReadEvent
from pipeline.wire.cloud_event import decode_event
from pipeline.wire.narration_event import NarrationEvent, encode_narration
from pipeline.wire.notice_event import encode_notice
from pipeline.wire.stream_event import AnyStreamEvent
from pipeline.wire.times import NS_PER_S
from topologies.cli.console import print_json
from topologies.cli.notice_text import notice_text

_COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")
_WIDEST_STREAM = 28


_NS_PER_MS = 1_000_000


class EventWriter:
    """Writes events one by one, each at once.

    Args:
        format: `text` (time, stream, narration), `jsonl` (an object a line), or narrations alone as `vtt` or
            `srt`.
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

    def write(self, read: ReadEvent[AnyStreamEvent]) -> None:
        """Write one event; captions have narrations alone."""
        if self._format == "text":
            # Not printed by rich itself: it ends the process if the pipe is closed.
            with self._console.capture() as capture:
                self._console.print(self._line(read), soft_wrap=True)
            _write(capture.get())
        elif self._format == "jsonl":
            print_json(event_json(read))
        elif isinstance(read.event, NarrationEvent):
            self._number += 1
            caption = self._caption(read.event)
            _write(webvtt_cue(caption) if self._format == "vtt" else srt_cue(self._number, caption))

    def _line(self, read: ReadEvent[AnyStreamEvent]) -> Text:
        event = read.event
        self._stream_width = min(max(self._stream_width, len(event.stream)), _WIDEST_STREAM)
        moment = datetime.fromtimestamp(_time_ns(read) / NS_PER_S).astimezone()
        colour = self._colours.setdefault(event.stream, _COLOURS[len(self._colours) % len(_COLOURS)])
        told = _narration_text(event) if isinstance(event, NarrationEvent) else _notice_text(event.content)
        return Text.assemble(
            (f"{moment:%H:%M:%S}.{moment.microsecond // 100_000}", "dim"),
            "  ",
            (event.stream.ljust(self._stream_width), colour),
            "  ",
            told,
        )

    def _caption(self, event: NarrationEvent) -> Caption:
        narration = event.narration
        if self._origin_ns is None:
            self._origin_ns = narration.start_time_ns
        return Caption(
            start_s=(narration.start_time_ns - self._origin_ns) / NS_PER_S,
            end_s=(narration.end_time_ns - self._origin_ns) / NS_PER_S,
            text=narration.text,
            speaker=event.stream,
        )


def event_json(read: ReadEvent[AnyStreamEvent]) -> dict[str, object]:
    """Return the event's data as on the wire, with its id, type and place."""
    event = read.event
    encoded = encode_narration(event) if isinstance(event, NarrationEvent) else encode_notice(event)
    cloud_event = decode_event(*encoded)
    return {
        "id": cloud_event.id,
        "type": cloud_event.type,
        **cloud_event.data,
        "partition": read.partition,
        "offset": read.offset,
    }


def _time_ns(read: ReadEvent[AnyStreamEvent]) -> int:
    """When it happened by the camera's clock; if that stood still or is unknown, when it was told."""
    event = read.event
    if isinstance(event, NarrationEvent):
        return event.narration.end_time_ns
    is_silent = isinstance(event.content, Gap) and event.content.kind is GapKind.SILENT
    return read.timestamp_ms * _NS_PER_MS if is_silent or not event.time_ns else event.time_ns


def _narration_text(event: NarrationEvent) -> Text:
    narration = event.narration
    length_s = (narration.end_time_ns - narration.start_time_ns) / NS_PER_S
    return Text.assemble((narration.text, "bold"), (f"  {length_s:.1f} s" if length_s else "", "dim"))


def _notice_text(content: StreamEvent) -> Text:
    return Text(notice_text(content), style="red" if isinstance(content, Fault) else "dim")


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
