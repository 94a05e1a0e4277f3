"""From frames to the values of frame records: one JPEG each, or closed groups of pictures in H.264."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from operators.frames.encode import encode_gop, encode_jpeg

Codec = Literal["jpeg", "h264"]


@dataclass(frozen=True, slots=True)
class PackedFrames:
    """Content of one frame record.

    Attributes:
        content_type: Content type; empty where there is no value.
        value: Encoded frames, or None for an end of stream.
        capture_times_ns: Capture time of every frame, Unix nanoseconds, rising.
    """

    content_type: str
    value: bytes | None
    capture_times_ns: tuple[int, ...]


class FramePacker:
    """Encodes frames in order.

    Args:
        codec: `jpeg` (a record for every frame) or `h264` (a record for every group of pictures).
        quality: 1 to 100; for H.264 translated to a constant rate factor of 51 to 17.
        gop_s: Length of a group of pictures in seconds; at least one frame.
        fps: Frames per second.
    """

    def __init__(self, codec: Codec, quality: int, gop_s: float, fps: float) -> None:
        self._codec = codec
        self._quality = quality
        self._fps = fps
        self._gop_frames = max(1, round(gop_s * fps))
        self._frames: list[NDArray[np.uint8]] = []
        self._times_ns: list[int] = []

    def add(self, frame: NDArray[np.uint8], capture_time_ns: int) -> Iterator[PackedFrames]:
        """Take one RGB frame uint8 [height, width, 3]; yield the records that are complete."""
        if self._codec == "jpeg":
            yield PackedFrames("image/jpeg", encode_jpeg(frame, self._quality), (capture_time_ns,))
            return
        height, width = frame.shape[:2]
        even = frame[: height - height % 2, : width - width % 2]
        if self._frames and self._frames[0].shape != even.shape:
            yield from self.flush()
        self._frames.append(even)
        self._times_ns.append(capture_time_ns)
        if len(self._frames) >= self._gop_frames:
            yield from self.flush()

    def flush(self) -> Iterator[PackedFrames]:
        """Yield what is left."""
        if self._frames:
            frames, times = self._frames, tuple(self._times_ns)
            self._frames, self._times_ns = [], []
            crf = round(51 - 0.34 * self._quality)
            yield PackedFrames("video/h264", encode_gop(frames, self._fps, crf), times)
