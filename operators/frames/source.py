"""Where frames come from: a file, a folder of images, a network camera, a device, or the video world.

    for time_s, frame in open_source("lecture.mp4", fps=2.0): ...

Sources are re-timed to a steady rate: the frame nearest to each tick is taken.
"""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.image_folder import folder_frames
from operators.frames.live_video import live_frames
from operators.frames.resize import resize_frame
from operators.frames.video_file import has_duration, video_frames
from operators.frames.world_source import parse_world_uri, world_frames

_LIVE_SCHEMES = ("rtsp", "rtsps", "rtmp", "rtmps", "udp", "srt")
_HTTP_SCHEMES = ("http", "https")

EXAMPLES = "a video file, a folder of images, rtsp://…, http://…, /dev/video0 or world:SEED?seconds=60"


class TimedFrame(NamedTuple):
    """One frame.

    Attributes:
        time_s: Seconds since the source's first frame.
        frame: RGB picture uint8 [height, width, 3].
    """

    time_s: float
    frame: NDArray[np.uint8]


@dataclass(frozen=True)
class FrameSource:
    """An opened source; iterate over it once or several times (a live source goes on, others start again).

    Attributes:
        uri: What was opened.
        fps: Frames a second.
        live: Frames come at their own pace and can't be had earlier; of others any pace is possible.
        frames: Makes a new iterator of (tick number, frame).
        size: Frames are resized to squares of this side in pixels; None leaves them as they are.
        loop: Begin again after the last frame, without end; times go on.
        stop: Set it to end a live source that waits for its camera.
    """

    uri: str
    fps: float
    live: bool
    frames: Callable[[], Iterator[tuple[int, NDArray[np.uint8]]]]
    size: int | None
    loop: bool
    stop: threading.Event

    def __iter__(self) -> Iterator[TimedFrame]:
        first = 0
        for _ in itertools.count() if self.loop else range(1):
            tick = -1
            for tick, frame in self.frames():
                picture = frame if self.size is None else resize_frame(frame, self.size)
                yield TimedFrame((first + tick) / self.fps, picture)
            if tick < 0:
                return
            first += tick + 1


def open_source(
    uri: str,
    fps: float = 2.0,
    *,
    loop: bool = False,
    size: int | None = None,
    stop: threading.Event | None = None,
) -> FrameSource:
    """Open a source of frames.

    Args:
        uri: A video or image file; a folder of images (`fps` is then the folder's rate); `rtsp://`, `http://`;
            a V4L2 device `/dev/video0`; or `world:SEED?seconds=60`, a video that the project draws itself.
        fps: Frames a second to take, more than 0.
        loop: Begin again after the end (live sources have none).
        size: Resize frames to squares of this side in pixels; None leaves them as they are.
        stop: Set by the caller to end a live source that waits for its camera.

    Raises:
        FrameError: `source-not-found`, `source-unsupported` or `source-unreadable`; while iterating as well.
        ValueError: `fps` or `size` is not positive.
    """
    if not fps > 0 or (size is not None and size < 1):
        raise ValueError(f"fps and size must be positive, not {fps} and {size}")
    stopped = stop or threading.Event()

    def source(live: bool, frames: Callable[[], Iterator[tuple[int, NDArray[np.uint8]]]]) -> FrameSource:
        return FrameSource(uri, fps, live, frames, size, loop and not live, stopped)

    scheme = urlsplit(uri).scheme.lower()
    if scheme == "world":
        video = parse_world_uri(uri)
        return source(False, lambda: world_frames(video, fps))
    if scheme in _HTTP_SCHEMES and has_duration(uri):
        return source(False, lambda: video_frames(uri, fps))
    if scheme in _LIVE_SCHEMES + _HTTP_SCHEMES:
        return source(True, lambda: live_frames(uri, fps, stopped))
    path = Path(uri.removeprefix("file://"))
    if not path.exists():
        known = scheme in ("", "file")
        raise FrameError(
            f"{path} does not exist" if known else f"no source for {uri!r}: unknown scheme {scheme!r}",
            code="source-not-found" if known else "source-unsupported",
            action=f"Give {EXAMPLES}.",
        )
    if path.is_dir():
        return source(False, lambda: folder_frames(path))
    if path.is_char_device():
        return source(True, lambda: live_frames(str(path), fps, stopped))
    return source(False, lambda: video_frames(str(path), fps))
