"""`flownar publish`: one camera, file or drawn video becomes a stream of frame records."""

import signal
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from topologies.cli.console import EXIT_INTERRUPTED, EXIT_USAGE, err, fail, print_json

if TYPE_CHECKING:
    from pipeline.publisher.camera import CameraPublisher
    from pipeline.publisher.options import PublisherCounters

STATUS_EVERY_S = 0.25
LINE_EVERY_S = 5.0
"""Without a terminal a line is enough now and then."""


class CodecChoice(StrEnum):
    """How frames are encoded."""

    JPEG = "jpeg"
    H264 = "h264"


SOURCE_HELP = (
    "Video file, folder of images, rtsp:// or http:// address, /dev/video0, or world:SEED?seconds=60."
)
STREAM_HELP = "Stream id: letters, digits and . _ : / ~ -"
SPEED_HELP = "1 is real time, 2 twice as fast, 0 as fast as possible. Live sources have their own."


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(publish)


def publish(
    source: Annotated[str, typer.Argument(help=SOURCE_HELP, show_default=False)],
    stream: Annotated[str, typer.Option(help=STREAM_HELP, show_default=False)],
    fps: Annotated[float, typer.Option(help="Frames a second; of a folder, the rate of its images.")] = 2.0,
    speed: Annotated[float, typer.Option(help=SPEED_HELP, min=0.0)] = 1.0,
    codec: Annotated[CodecChoice, typer.Option(help="JPEGs, or groups of pictures.")] = CodecChoice.JPEG,
    quality: Annotated[int, typer.Option(help="1 (small) to 100 (good).", min=1, max=100)] = 90,
    gop: Annotated[float, typer.Option(help="Seconds of a group of pictures (h264).")] = 1.0,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again after the end.")] = False,
    seconds: Annotated[float | None, typer.Option(help="Stop after so many seconds of the source.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Publish one camera as a stream of frames.

    Ends with the source, or with Ctrl-C; either way readers are told that the stream has ended.

    Examples:

      flownar publish lecture.mp4 --stream hall/1

      flownar publish rtsp://10.0.0.7/live --stream yard/gate --codec h264

      flownar publish world:200000?seconds=120 --stream bench/1 --speed 2

      flownar publish shots/ --stream lab/1 --fps 1 --loop
    """
    from operators.frames.source import open_source  # noqa: PLC0415
    from pipeline.config import load_settings  # noqa: PLC0415
    from pipeline.publisher.camera import CameraPublisher, frame_producer  # noqa: PLC0415
    from pipeline.publisher.options import PublishOptions  # noqa: PLC0415
    from pipeline.wire.topics import TopicNames  # noqa: PLC0415

    settings = load_settings().settings
    try:
        frames = open_source(source, fps, loop=loop)
        options = PublishOptions(
            stream=stream,
            topic=TopicNames.of(settings.kafka.prefix).frames,
            speed=speed,
            codec=codec.value,
            quality=quality,
            gop_s=gop,
            max_seconds=seconds,
        )
    except ValueError as error:
        fail(str(error), exit_code=EXIT_USAGE)
    with frame_producer(settings, f"publish-{stream}") as producer:
        publisher = CameraPublisher(frames, producer, options)
        interrupted = _watch_over(publisher)
    if json:
        print_json(_summary(publisher))
    if interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)


def _watch_over(publisher: "CameraPublisher") -> bool:
    """Run a publisher and show what it does; say whether Ctrl-C ended it."""
    interrupted = False

    def interrupt(*_: object) -> None:
        nonlocal interrupted
        # Readers are told the end first; who presses Ctrl-C again does not want to wait for that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        interrupted = True
        publisher.stop.set()

    signal.signal(signal.SIGINT, interrupt)
    # A service manager ends a publisher with SIGTERM: that is no error.
    signal.signal(signal.SIGTERM, lambda *_: publisher.stop.set())
    publisher.start()
    try:
        _show_progress(publisher)
    finally:
        publisher.stop.set()
    return interrupted


def _show_progress(publisher: "CameraPublisher") -> None:
    started_s = next_line_s = time.monotonic()
    with err.status("connecting …") as status:
        done = False
        while not done:
            done = publisher.join(STATUS_EVERY_S)
            line = _progress(publisher, time.monotonic() - started_s)
            status.update(line)
            if not err.is_terminal and not done and time.monotonic() >= next_line_s:
                err.print(line, highlight=False)
                next_line_s = time.monotonic() + LINE_EVERY_S
    err.print(f"{_progress(publisher, time.monotonic() - started_s)}; ended", highlight=False)


def _progress(publisher: "CameraPublisher", elapsed_s: float) -> str:
    counters: PublisherCounters = publisher.counters
    rate = counters.num_frames / elapsed_s if elapsed_s else 0.0
    behind = f", [yellow]{counters.behind_s:.1f} s behind[/]" if counters.behind_s >= 1 else ""
    left_out = f", [yellow]{counters.num_left_out} left out[/]" if counters.num_left_out else ""
    return (
        f"[bold]{publisher.options.stream}[/] {counters.num_frames} frames in {elapsed_s:.0f} s "
        f"({rate:.1f}/s, {counters.num_bytes / 1e6:.1f} MB){behind}{left_out}"
    )


def _summary(publisher: "CameraPublisher") -> dict[str, object]:
    counters = publisher.counters
    return {
        "stream": publisher.options.stream,
        "epoch": str(publisher.epoch),
        "frames": counters.num_frames,
        "records": counters.num_records,
        "acknowledged": counters.num_acknowledged,
        "left_out": counters.num_left_out,
        "bytes": counters.num_bytes,
        "start_time_ns": str(counters.start_time_ns),
        "last_capture_time_ns": str(counters.last_capture_time_ns),
    }
