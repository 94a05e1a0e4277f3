"""How libav is opened and its pictures converted: one thread, nothing concealed, the same everywhere."""

from typing import cast

import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from operators.frames.limits import FrameLimits
from operators.frames.resize import resize_frame

_EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
"""Conversion of colours that gives the same bytes on every CPU."""


def decoder_options(limits: FrameLimits) -> dict[str, str]:
    """Return options that make a decoder refuse damaged data, and larger pictures than the header said."""
    # The decoder counts padding to whole blocks too, so its own limit has to be wider than ours.
    return {"err_detect": "explode", "max_pixels": str(2 * limits.max_pixels + 65_536)}


def open_decoder(codec: str, limits: FrameLimits) -> VideoCodecContext:
    """Open a decoder by libav's name (`mjpeg`, `h264`, …)."""
    decoder = cast("VideoCodecContext", CodecContext.create(codec, "r"))
    # One thread: many cameras share a machine, and pictures come out without a delay.
    decoder.thread_count = 1
    decoder.options = decoder_options(limits)
    return decoder


def to_rgb(frame: VideoFrame, size: int | None) -> NDArray[np.uint8]:
    """Convert a decoded frame to RGB uint8 [height, width, 3]; unless size is None, resize it to a square."""
    rgb = frame.reformat(format="rgb24", interpolation=_EXACT, threads=1).to_ndarray()
    picture = cast("NDArray[np.uint8]", rgb)
    return picture if size is None else resize_frame(picture, size)


def to_yuv420(frame: NDArray[np.uint8]) -> VideoFrame:
    """Convert an RGB picture uint8 [height, width, 3] to the format that video encoders take."""
    picture = VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
    return picture.reformat(format="yuv420p", interpolation=_EXACT, threads=1)
