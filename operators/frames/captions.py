"""Captions as text: WebVTT files, and single cues of WebVTT and SubRip for streams of narrations."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

WEBVTT_HEADER = "WEBVTT\n\n"

_SHORTEST_MS = 1
"""Both formats want an end after the start; an opening narration ends where it starts."""


@dataclass(frozen=True, slots=True)
class Caption:
    """One narration with the time that it speaks of.

    Attributes:
        start_s: Seconds from the beginning of the video to the segment's first frame.
        end_s: Seconds to its last frame.
        text: The narration.
        speaker: Stream that it belongs to, where one list holds several; empty otherwise.
    """

    start_s: float
    end_s: float
    text: str
    speaker: str = ""


def write_webvtt(path: Path, captions: Iterable[Caption]) -> None:
    """Write captions as a WebVTT file (UTF-8); folders are made, an older file is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(format_webvtt(captions), encoding="utf-8")


def format_webvtt(captions: Iterable[Caption]) -> str:
    """Return a whole WebVTT document."""
    return WEBVTT_HEADER + "".join(webvtt_cue(caption) for caption in captions)


def webvtt_cue(caption: Caption) -> str:
    """Return one cue with the empty line after it."""
    start_ms, end_ms = _span_ms(caption)
    text = _escaped(_one_line(caption.text))
    if caption.speaker:
        text = f"<v {_escaped(_one_line(caption.speaker))}>{text}"
    return f"{_clock(start_ms, '.')} --> {_clock(end_ms, '.')}\n{text}\n\n"


def srt_cue(number: int, caption: Caption) -> str:
    """Return one SubRip cue, numbered from 1, with the empty line after it."""
    start_ms, end_ms = _span_ms(caption)
    text = _one_line(caption.text)
    if caption.speaker:
        text = f"[{_one_line(caption.speaker)}] {text}"
    return f"{number}\n{_clock(start_ms, ',')} --> {_clock(end_ms, ',')}\n{text}\n\n"


def _span_ms(caption: Caption) -> tuple[int, int]:
    start_ms = max(0, round(caption.start_s * 1000))
    return start_ms, max(start_ms + _SHORTEST_MS, round(caption.end_s * 1000))


def _clock(time_ms: int, point: str) -> str:
    seconds, milliseconds = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{point}{milliseconds:03d}"


def _one_line(text: str) -> str:
    # An empty line would end the cue.
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
