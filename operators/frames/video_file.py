"""A video file, or a finished video behind an HTTP address, as a source."""

import logging
from collections.abc import Iterator

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.libav import to_rgb
from operators.frames.retime import nearest_to_ticks

log = logging.getLogger(__name__)

TIMEOUT_S = (10.0, 10.0)
"""To open and to read: a camera that answers at all answers within a keyframe interval."""


def video_frames(uri: str, fps: float) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield (tick number, RGB uint8 [height, width, 3]) at a steady rate; only frames taken are converted.

    Pictures are turned as the file says (telephones note how they were held).

    Raises:
        FrameError: `source-unreadable` if this is no video.
    """
    with open_video(uri) as container:
        stream = video_stream(container, uri)
        try:
            for tick, frame in nearest_to_ticks(_timed_frames(stream, container), fps):
                yield tick, upright(frame)
        except av.FFmpegError as error:
            raise FrameError(
                f"{uri} breaks off: {error}",
                code="source-unreadable",
                action="Check the connection, and that the file is complete.",
            ) from error


def open_video(uri: str, format: str | None = None, options: dict[str, str] | None = None) -> InputContainer:
    """Open a file, an address or a device.

    Raises:
        FrameError: `source-unreadable`.
    """
    try:
        return av.open(uri, "r", format=format, options=options, timeout=TIMEOUT_S)
    except (av.FFmpegError, ValueError, OSError) as error:
        raise FrameError(
            f"{uri} can't be opened: {error}",
            code="source-unreadable",
            action="Check the address, and that the file is a video.",
        ) from error


def video_stream(container: InputContainer, uri: str) -> VideoStream:
    """Return the first video track.

    Raises:
        FrameError: `source-unreadable` if there is none.
    """
    if not container.streams.video:
        kinds = ", ".join(stream.type for stream in container.streams) or "nothing"
        raise FrameError(
            f"{uri} has no video track, only: {kinds}", code="source-unreadable", action="Give a video."
        )
    stream = container.streams.video[0]
    # One thread: many cameras share a machine, and frames come out without a delay.
    stream.codec_context.thread_count = 1
    return stream


def has_duration(url: str) -> bool:
    """Say whether an address serves a finished video; what is endless, or does not answer, is live."""
    try:
        with open_video(url) as container:
            return bool(container.duration)
    except FrameError:
        return False


def upright(frame: VideoFrame) -> NDArray[np.uint8]:
    """Convert a frame to RGB uint8 [height, width, 3] and turn it as its container says."""
    return np.ascontiguousarray(np.rot90(to_rgb(frame, None), round(frame.rotation / 90)))


def _timed_frames(stream: VideoStream, container: InputContainer) -> Iterator[tuple[float, VideoFrame]]:
    rate = float(stream.average_rate or stream.guessed_rate or 25)
    decoded = 0
    damaged = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError as error:
            damaged += 1
            log.debug("%s: a damaged packet is left out: %s", container.name, error)
            continue
        for frame in frames:
            yield (frame.time if frame.pts is not None else decoded / rate), frame
            decoded += 1
    if damaged:
        log.warning("%s: %d damaged packets were left out", container.name, damaged)
    if not decoded:
        raise FrameError(
            f"{container.name} holds no picture that can be decoded",
            code="source-unreadable",
            action="Check that the file is complete.",
        )
