"""The one way in which frames are resized: training, embedded use and the pipeline all come through here."""

import cv2
import numpy as np
from numpy.typing import NDArray


def resize_frame(frame: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize a frame to a square; the aspect ratio is not kept, as vision towers are trained.

    Pixels are averaged by area if the frame shrinks in both directions, and interpolated linearly otherwise.

    Args:
        frame: RGB picture uint8 [height, width, 3]; not modified.
        size: Side of the square in pixels, at least 1.

    Returns:
        uint8 [size, size, 3], contiguous; the frame itself if it already has this size.
    """
    height, width = frame.shape[:2]
    if height == width == size:
        return np.ascontiguousarray(frame)
    shrinks = height >= size and width >= size
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = cv2.resize(frame, (size, size), interpolation=method)
    return np.ascontiguousarray(resized, dtype=np.uint8)
