"""`flownar narrate`: narrate a video in this process, without any service."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.console import EXIT_USAGE, err, fail, out, print_json

if TYPE_CHECKING:
    from operators.frames.captions import Caption
    from operators.frames.source import FrameSource
    from operators.narrator.types import Narration
    from topologies.local import LocalNarrator

CAPTIONED_FPS = 12.0
"""Frame rate of a captioned video: the model sees fewer, people like more."""

LINE_EVERY_S = 5.0
"""Without a terminal a line of progress is enough now and then."""

VIDEO_HELP = (
    "Video file, folder of images, rtsp:// or http:// address, /dev/video0, or world:SEED?seconds=60."
)
OUT_HELP = "Also write the narrations as captions (WebVTT)."
CAPTIONED_HELP = "Also write the video with the narrations under the picture (MP4)."
MODEL_HELP = "Model folder; the one in the settings if left out."
PROMPT_HELP = "What the model is asked for; its own prompt if left out."
JSON_HELP = "Print JSON lines: {segment, start_s, end_s, text, p_skip, forced}."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(narrate)


def narrate(
    video: Annotated[str, typer.Argument(help=VIDEO_HELP, show_default=False)],
    captions_to: Annotated[Path | None, typer.Option("--out", help=OUT_HELP)] = None,
    captioned: Annotated[Path | None, typer.Option(help=CAPTIONED_HELP)] = None,
    model: Annotated[Path | None, typer.Option(help=MODEL_HELP)] = None,
    prompt: Annotated[str | None, typer.Option(help=PROMPT_HELP)] = None,
    as_json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Narrate a video. Everything runs in this process; no Kafka, Redis or Ray is needed.

    Narrations are printed as they come; a live source is narrated until Ctrl-C.

    Examples:

      flownar narrate lecture.mp4

      flownar narrate lecture.mp4 --out lecture.vtt --captioned lecture.captioned.mp4

      flownar narrate world:200000?seconds=60 --json | jq -r .text
    """
    # OpenMP reads it when torch is imported: threads that spin while they wait make a busy machine crawl.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from operators.frames.captions import write_webvtt  # noqa: PLC0415
    from operators.frames.source import open_source  # noqa: PLC0415

    # Before the model is loaded, which takes a while.
    if open_source(video).live and captioned is not None:
        fail(
            "A live source can't be captioned: it is gone when its narrations are known.",
            exit_code=EXIT_USAGE,
        )
    with err.status("loading the model …"):
        narrator = _load(model, prompt)
    source = open_source(video, narrator.settings.fps, size=narrator.image_size)
    run = _Run(as_json=as_json)
    try:
        run.narrate(narrator, source)
    finally:
        # After Ctrl-C, too: what was narrated is worth keeping.
        if captions_to is not None:
            write_webvtt(captions_to, run.captions)
    err.print(f"{run.progress()}; ended", highlight=False)
    if captions_to is not None:
        err.print(f"captions: {captions_to}", highlight=False, markup=False)
    if captioned is not None:
        with err.status("writing the captioned video …"):
            _write_captioned(captioned, video, run.captions, narrator.settings.fps)
        err.print(f"captioned video: {captioned}", highlight=False, markup=False)


@dataclass(slots=True)
class _Run:
    """What was narrated so far, and how it is shown."""

    as_json: bool
    captions: "list[Caption]" = field(default_factory=list)
    num_frames: int = 0
    time_s: float = 0.0
    started_s: float = field(default_factory=time.monotonic)

    def narrate(self, narrator: "LocalNarrator", source: "FrameSource") -> None:
        from topologies.local import caption_of  # noqa: PLC0415

        next_line_s = self.started_s + LINE_EVERY_S
        with _live_line() as update:
            for frame in narrator.narrate(source, live=source.live):
                self.num_frames += 1
                self.time_s = frame.time_s
                if frame.narration is not None:
                    self.captions.append(caption_of(frame.narration))
                    self._show(frame.narration, self.captions[-1])
                update(self.progress())
                if not (err.is_terminal or out.is_terminal) and time.monotonic() >= next_line_s:
                    err.print(self.progress(), highlight=False)
                    next_line_s = time.monotonic() + LINE_EVERY_S

    def progress(self) -> str:
        elapsed_s = time.monotonic() - self.started_s
        rate = self.num_frames / elapsed_s if elapsed_s else 0.0
        return (
            f"{self.num_frames} frames, {_clock(self.time_s)} of video in {elapsed_s:.0f} s "
            f"({rate:.1f} frames/s), {len(self.captions)} narrations"
        )

    def _show(self, narration: "Narration", caption: "Caption") -> None:
        if self.as_json:
            print_json(
                {
                    "segment": narration.segment,
                    "start_s": round(caption.start_s, 3),
                    "end_s": round(caption.end_s, 3),
                    "text": caption.text,
                    "p_skip": None if narration.segment == 0 else narration.p_skip,
                    "forced": narration.forced,
                }
            )
            return
        from rich.text import Text  # noqa: PLC0415

        span = f"{_clock(caption.start_s):>8} - {_clock(caption.end_s):<8}"
        out.print(Text.assemble((span, "dim"), "  ", (caption.text, "bold")))


@contextmanager
def _live_line() -> Iterator[Callable[[str], None]]:
    """A line with a spinner, under the narrations if they go to a terminal, else alone on stderr's."""
    from rich.live import Live  # noqa: PLC0415
    from rich.spinner import Spinner  # noqa: PLC0415

    spinner = Spinner("dots", "narrating …")
    # What is printed while the line stands must go through the line's own console, or it is overwritten.
    console = out if out.is_terminal else err
    with Live(spinner, console=console, transient=True, redirect_stdout=out.is_terminal):
        yield lambda text: spinner.update(text=text)


def _load(model: Path | None, prompt: str | None) -> "LocalNarrator":
    import torch  # noqa: PLC0415

    from pipeline.config import load_settings  # noqa: PLC0415
    from topologies.local import LocalNarrator  # noqa: PLC0415

    settings = load_settings().settings
    if settings.model.torch_threads is not None:
        torch.set_num_threads(settings.model.torch_threads)
    narrator = (
        settings.narrator if prompt is None else settings.narrator.model_copy(update={"prompt": prompt})
    )
    path = settings.model.path if model is None else model
    return LocalNarrator.load(path, narrator, settings.model.device, settings.model.dtype)


def _write_captioned(path: Path, video: str, captions: "list[Caption]", fps: float) -> None:
    from operators.frames.captioned import write_captioned  # noqa: PLC0415
    from operators.frames.source import open_source  # noqa: PLC0415

    # Images in a folder have no times of their own: the rate that they were narrated at gives them.
    rate = fps if Path(video).is_dir() else CAPTIONED_FPS
    write_captioned(path, open_source(video, rate), captions, rate)


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(round(time_s, 1), 60)
    return f"{int(minutes)}:{seconds:04.1f}"
