"""From RGB frames to the bytes of a frame record."""

from collections.abc import Sequence
from fractions import Fraction

import cv2
import numpy as np
from av.codec.context import CodecContext
from numpy.typing import NDArray

from operators.frames.libav import to_yuv420


def encode_jpeg(frame: NDArray[np.uint8], quality: int = 90) -> bytes:
    """Encode an RGB picture uint8 [height, width, 3] as JPEG.

    Args:
        frame: The picture.
        quality: 1 (small) to 100 (good).

    Raises:
        ValueError: The shape, the dtype or the quality is wrong.
    """
    _check_frame(frame)
    if not 1 <= quality <= 100:
        raise ValueError(f"quality must be 1 to 100, not {quality}")
    _, encoded = cv2.imencode(".jpg", frame[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def encode_png(frame: NDArray[np.uint8]) -> bytes:
    """Encode an RGB picture uint8 [height, width, 3] as PNG, without loss.

    Raises:
        ValueError: The shape or the dtype is wrong.
    """
    _check_frame(frame)
    _, encoded = cv2.imencode(".png", frame[:, :, ::-1])
    return encoded.tobytes()


def encode_gop(frames: Sequence[NDArray[np.uint8]], fps: float, crf: int = 20) -> bytes:
    """Encode frames as one closed H.264 group of pictures (Annex B).

    The group decodes by itself: parameter sets inside, a keyframe at its start, no B-frames.

    Args:
        frames: RGB pictures uint8 [height, width, 3], all of one size; width and height even (4:2:0 chroma).
        fps: Frames per second; written into the stream, and used for rate control only.
        crf: x264's constant rate factor, 0 (large, best) to 51.

    Raises:
        ValueError: No frames, or frames of different, odd or wrong shapes.
    """
    if not frames:
        raise ValueError("a group of pictures needs at least one frame")
    height, width = frames[0].shape[:2]
    if height % 2 or width % 2:
        raise ValueError(f"H.264 needs an even width and height, not {width} x {height}")
    rate = Fraction(fps).limit_denominator(1001)
    encoder = CodecContext.create("libx264", "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuv420p"
    encoder.framerate, encoder.time_base = rate, 1 / rate
    encoder.thread_count = 1
    encoder.options = {
        "preset": "veryfast",
        "crf": str(crf),
        "x264-params": f"keyint={len(frames)}:min-keyint=1:scenecut=0:bframes=0:repeat-headers=1:annexb=1",
    }
    packets = []
    for number, frame in enumerate(frames):
        _check_frame(frame)
        if frame.shape[:2] != (height, width):
            raise ValueError(f"frame {number} is {frame.shape[:2]}, the first one {(height, width)}")
        picture = to_yuv420(frame)
        picture.pts = number
        packets += encoder.encode(picture)
    packets += encoder.encode(None)
    return b"".join(bytes(packet) for packet in packets)


def _check_frame(frame: NDArray[np.uint8]) -> None:
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise ValueError(f"a frame is uint8 [height, width, 3], not {frame.dtype} {list(frame.shape)}")
