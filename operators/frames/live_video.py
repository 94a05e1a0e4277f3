"""A network camera or a video device as a source: it comes at its own pace and may go away for a while."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.retime import nearest_to_ticks
from operators.frames.video_file import open_video, upright, video_stream

log = logging.getLogger(__name__)

FIRST_DEADLINE_S = 30.0
"""A source that has never answered for so long is taken for a wrong address; one that has is waited for."""

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 10.0
"""Pauses before connecting again double up to the longest, with jitter: cameras often reboot together."""

MAX_GAP_S = 1.0
"""Ticks farther than this from any frame are left out: an old picture must not pass for the present."""


def live_frames(
    uri: str, fps: float, stop: threading.Event, *, clock: Callable[[], float] = time.monotonic
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield (tick number, RGB uint8 [height, width, 3]); ticks count real time since the first frame.

    Connects again, with growing pauses, whenever the source ends or breaks, until `stop` is set.

    Raises:
        FrameError: `source-unreadable` if there was never a frame within FIRST_DEADLINE_S.
    """
    arrivals = _arrivals(uri, stop, clock)
    for tick, frame in nearest_to_ticks(arrivals, fps, max_gap_s=max(MAX_GAP_S, 1 / fps)):
        yield tick, upright(frame)


def _arrivals(
    uri: str, stop: threading.Event, clock: Callable[[], float]
) -> Iterator[tuple[float, VideoFrame]]:
    """Yield (time of arrival, frame) over all connections."""
    began_s = clock()
    pause_s = FIRST_PAUSE_S
    seen = False
    while not stop.is_set():
        problem = "the source ended"
        try:
            for frame in _one_connection(uri):
                yield clock(), frame
                seen, pause_s = True, FIRST_PAUSE_S
                if stop.is_set():
                    return
        except FrameError as error:
            problem = error.message
            if not seen and clock() - began_s > FIRST_DEADLINE_S:
                raise
        except av.FFmpegError as error:
            problem = str(error)
        wait_s = pause_s * random.uniform(0.5, 1.0)
        log.warning("%s: %s; connecting again in %.1f s", uri, problem, wait_s)
        stop.wait(wait_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _one_connection(uri: str) -> Iterator[VideoFrame]:
    device = uri.startswith("/dev/")
    options = {} if device else {"rtsp_transport": "tcp", "fflags": "nobuffer"}
    with open_video(uri, "v4l2" if device else None, options) as container:
        stream = video_stream(container, uri)
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                # The first packets after joining a stream in its middle refer to pictures that were not sent.
                continue
            yield from frames
