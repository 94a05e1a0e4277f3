"""What happens to a picture between camera and model, imitated: JPEG, and the way through 384 pixels."""

from dataclasses import dataclass
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from operators.datasets.world import WorldVideo
from operators.frames.resize import resize_frame

FULL_SIZE = 384
"""Side of the frames that cameras of the world send."""


@dataclass(frozen=True, slots=True)
class CameraLook:
    """How all frames of one video reach the model.

    Attributes:
        render_size: Side at which the frames are drawn.
        jpeg_quality: Quality of the JPEG that they go through at that size; None for none.
    """

    render_size: int
    jpeg_quality: int | None


def draw_look(image_size: int, full_size_share: float, jpeg_share: float, rng: Random) -> CameraLook:
    """Choose how a training video is seen."""
    if rng.random() < full_size_share:
        return CameraLook(FULL_SIZE, rng.randint(70, 95))
    return CameraLook(image_size, rng.randint(75, 98) if rng.random() < jpeg_share else None)


def see_frame(video: WorldVideo, time_s: float, image_size: int, look: CameraLook) -> NDArray[np.uint8]:
    """One frame as the model gets it: uint8 RGB [image_size, image_size, 3]."""
    frame = video.frame(time_s, look.render_size)
    if look.jpeg_quality is not None:
        frame = pass_jpeg(frame, look.jpeg_quality)
    return resize_frame(frame, image_size)


def pass_jpeg(frame: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Encode and decode an RGB picture."""
    _, data = cv2.imencode(".jpg", frame[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert picture is not None, "the JPEG was written by the line above"
    return np.ascontiguousarray(picture[:, :, ::-1], dtype=np.uint8)
