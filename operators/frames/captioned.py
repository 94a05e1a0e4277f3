"""A video with its narrations written under the picture, as MP4 (H.264, yuv420p: every player shows it)."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.caption_bar import caption_bar
from operators.frames.captions import Caption
from operators.frames.libav import to_yuv420

MIN_WIDTH = 480
"""Smaller pictures are enlarged to this width, so that letters under them can be read."""


def write_captioned(
    path: Path, frames: Iterable[tuple[float, NDArray[np.uint8]]], captions: Sequence[Caption], fps: float
) -> int:
    """Write a captioned video.

    While a segment lasts, its narration is shown in white, and the one before it in grey.

    Args:
        path: The MP4 file; folders are made, an older file is replaced.
        frames: Pairs (seconds, RGB uint8 [height, width, 3]), rising, all of one size.
        captions: Narrations in order of time.
        fps: Frames per second of the video.

    Returns:
        Number of frames written.

    Raises:
        FrameError: `output-unwritable`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rate = Fraction(fps).limit_denominator(1001)
    num_frames = 0
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=rate)
            stream.pix_fmt = "yuv420p"
            stream.options = {"preset": "veryfast", "crf": "21"}
            stream.codec_context.time_base = 1 / rate
            last_pts = -1
            for time_s, frame in frames:
                picture = captioned_frame(frame, time_s, captions)
                if not num_frames:
                    stream.height, stream.width = picture.shape[:2]
                encoded = to_yuv420(picture)
                encoded.pts = last_pts = max(last_pts + 1, round(time_s * rate))
                encoded.time_base = 1 / rate
                container.mux(stream.encode(encoded))
                num_frames += 1
            if num_frames:
                container.mux(stream.encode(None))
    except (av.FFmpegError, OSError) as error:
        raise FrameError(
            f"{path} can't be written: {error}",
            code="output-unwritable",
            action="Check the folder's permissions and the free space.",
        ) from error
    return num_frames


def captioned_frame(
    frame: NDArray[np.uint8], time_s: float, captions: Sequence[Caption]
) -> NDArray[np.uint8]:
    """Put the bar under a picture.

    Args:
        frame: RGB uint8 [height, width, 3].
        time_s: Seconds from the beginning of the video.
        captions: Narrations in order of time.

    Returns:
        RGB uint8 [even, even, 3], at least MIN_WIDTH wide.
    """
    height, width = frame.shape[:2]
    if width < MIN_WIDTH:
        height, width = round(height * MIN_WIDTH / width), MIN_WIDTH
        frame = cast("NDArray[np.uint8]", cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC))
    frame = frame[: height - height % 2, : width - width % 2]
    text, before = shown_texts(captions, time_s)
    clock = f"{int(time_s // 60)}:{time_s % 60:04.1f}"
    return np.vstack([frame, caption_bar(frame.shape[1], text, before, clock)])


def shown_texts(captions: Sequence[Caption], time_s: float) -> tuple[str, str]:
    """Return the narration of the segment that a time lies in, and the last one that ended before it."""
    ends = [caption.end_s for caption in captions]
    # A segment holds its last frame; of two that share a frame the first is shown.
    number = bisect_right(ends, time_s - 1e-6)
    inside = number < len(captions) and captions[number].start_s <= time_s + 1e-6
    text = captions[number].text if inside else ""
    return text, captions[number - 1].text if number else ""
