"""Writes a world video as an H.264 file, with its truth beside it."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av

from operators.datasets.world.truth import WorldError, write_sidecar
from operators.datasets.world.video import WorldVideo

CONSTANT_RATE_FACTOR = "23"
"""Quality of libx264: visibly compressed, as a camera's stream is."""
KEYFRAME_EVERY_S = 2


def sidecar_path(video_path: Path) -> Path:
    """Where the truth of a video file lies: beside it, with `.json` for its suffix."""
    return video_path.with_suffix(".json")


def render_video(
    video: WorldVideo,
    path: Path,
    *,
    fps: float = 25.0,
    size: int = 384,
    on_frame: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Write a video and its sidecar.

    Args:
        video: What to write.
        path: Video file, in the format of its suffix (`.mp4`).
        fps: Frames per second, above 0 and at most 120.
        size: Width and height, pixels; an even number from 32 to 1080.
        on_frame: Called after each frame with the numbers of frames done and of all frames.

    Raises:
        WorldError: `fps` or `size` can't be used, or the file can't be written.
    """
    if not 0 < fps <= 120:
        raise WorldError(
            f"{fps:g} frames per second can't be rendered", action="Choose more than 0, at most 120."
        )
    if size % 2 or not 32 <= size <= 1080:
        raise WorldError(
            f"a size of {size} pixels can't be rendered", action="Choose an even number, 32 to 1080."
        )
    rate = Fraction(fps).limit_denominator(1001)
    num_frames = max(1, round(video.duration_s * fps))
    try:
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=rate)
            stream.width = stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.options = {"crf": CONSTANT_RATE_FACTOR, "preset": "veryfast"}
            stream.codec_context.gop_size = max(1, round(KEYFRAME_EVERY_S * fps))
            for number in range(num_frames):
                picture = av.VideoFrame.from_ndarray(video.frame(number / float(rate), size), format="rgb24")
                picture.pts, picture.time_base = number, 1 / rate
                container.mux(stream.encode(picture))
                on_frame(number + 1, num_frames)
            container.mux(stream.encode(None))
        write_sidecar(sidecar_path(path), video.truth)
    except (OSError, ValueError, av.FFmpegError) as error:
        raise WorldError(
            f"{path} can't be written: {error}",
            action="Check the folder, its free space and the suffix (.mp4).",
        ) from error
