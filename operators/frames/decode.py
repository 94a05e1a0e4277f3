"""From the bytes of a frame record to RGB frames at the model's size.

What is refused is refused with a code for the dead letter: `content-type-unsupported`, `image-corrupt`,
`image-too-large`, `video-corrupt`, `frame-count-mismatch`. EXIF orientation is ignored: a camera that hangs
upside down is narrated upside down. Transparency is dropped; grey, 16-bit and CMYK pictures become 8-bit RGB.
"""

import io
from collections.abc import Iterator
from typing import Any, cast

import av
import numpy as np
from av.codec.context import CodecContext
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.image_header import read_image_header
from operators.frames.limits import DEFAULT_LIMITS, IMAGE_TYPES, VIDEO_TYPES, FrameLimits, bare_type
from operators.frames.resize import resize_frame
from operators.frames.video_header import annexb_picture_size, video_corrupt

_IMAGE_CODECS = {"image/jpeg": "mjpeg", "image/png": "png", "image/webp": "webp"}
_EXACT = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.BITEXACT
"""Conversion to RGB that gives the same bytes on every CPU."""


def decode_image(
    data: bytes, content_type: str, size: int | None, limits: FrameLimits = DEFAULT_LIMITS
) -> NDArray[np.uint8]:
    """Decode one JPEG, PNG or WebP image.

    Args:
        data: The whole file; bytes after its end are ignored.
        content_type: One of IMAGE_TYPES.
        size: Side of the square that is returned, in pixels; None keeps the picture's own size.
        limits: Bounds, checked with the header before anything is decoded.

    Returns:
        RGB uint8 [size, size, 3] (or [height, width, 3]).

    Raises:
        FrameError: `content-type-unsupported`, `image-corrupt` or `image-too-large`.
    """
    header = read_image_header(data, content_type)
    _check_pixels(header.width, header.height, limits)
    kind = bare_type(content_type)
    decoder = _open_decoder(_IMAGE_CODECS[kind], limits)
    try:
        frames = decoder.decode(av.Packet(header.data)) + decoder.decode(None)
    except (av.FFmpegError, ValueError) as error:
        raise FrameError(
            f"the {kind} can't be decoded: {error}",
            code="image-corrupt",
            action="Check the camera's encoder.",
        ) from error
    if len(frames) != 1 or frames[0].is_corrupt:
        raise FrameError(f"the {kind} is damaged", code="image-corrupt", action="Check the camera's encoder.")
    return to_rgb(frames[0], size)


def decode_gop(
    data: bytes, content_type: str, size: int | None, frame_count: int, limits: FrameLimits = DEFAULT_LIMITS
) -> list[NDArray[np.uint8]]:
    """Decode one closed group of pictures: Annex B H.264 or H.265, or either of them in fragmented MP4.

    Args:
        data: The group: parameter sets, keyframe, further frames.
        content_type: One of VIDEO_TYPES.
        size: Side of the squares that are returned, in pixels; None keeps the video's own size.
        frame_count: Number of frames that the record announces; another number is an error.
        limits: Bounds, checked before anything is decoded.

    Returns:
        `frame_count` RGB pictures uint8 [size, size, 3], in the order of display.

    Raises:
        FrameError: `content-type-unsupported`, `video-corrupt`, `image-too-large` or `frame-count-mismatch`.
    """
    kind = bare_type(content_type)
    if kind not in VIDEO_TYPES:
        raise FrameError(
            f"content-type {content_type!r} is no video type",
            code="content-type-unsupported",
            action=f"Send one of {', '.join(VIDEO_TYPES)}.",
        )
    if not 1 <= frame_count <= limits.max_gop_frames:
        raise FrameError(
            f"a group of {frame_count} frames; 1 to {limits.max_gop_frames} are allowed",
            code="frame-count-mismatch",
            action="Send shorter groups of pictures.",
        )
    decoded = _decode_mp4(data, limits) if kind == "video/mp4" else _decode_annexb(data, kind[6:], limits)
    frames: list[NDArray[np.uint8]] = []
    try:
        for frame in decoded:
            if frame.is_corrupt:
                raise video_corrupt(f"frame {len(frames)} of the group is damaged")
            if not frames and not frame.key_frame:
                raise video_corrupt("the group of pictures does not start with a keyframe")
            if len(frames) < frame_count:
                frames.append(to_rgb(frame, size))
            else:
                raise _count_mismatch(frame_count, f"more than {frame_count}")
    except (av.FFmpegError, ValueError) as error:
        raise video_corrupt(f"the {kind} breaks after {len(frames)} frames: {error}") from error
    if len(frames) != frame_count:
        raise _count_mismatch(frame_count, str(len(frames)))
    return frames


def is_video_type(content_type: str) -> bool:
    """Say whether a record of this content type holds a group of pictures (else one image).

    Raises:
        FrameError: `content-type-unsupported`.
    """
    kind = bare_type(content_type)
    if kind in VIDEO_TYPES:
        return True
    if kind in IMAGE_TYPES:
        return False
    raise FrameError(
        f"content-type {content_type!r} is not supported",
        code="content-type-unsupported",
        action=f"Send one of {', '.join(IMAGE_TYPES + VIDEO_TYPES)}.",
    )


def to_rgb(frame: VideoFrame, size: int | None) -> NDArray[np.uint8]:
    """Convert a decoded frame to RGB uint8 [height, width, 3]; unless size is None, resize it to a square."""
    rgb = frame.reformat(format="rgb24", interpolation=_EXACT, threads=1).to_ndarray()
    picture = cast("NDArray[np.uint8]", rgb)
    return picture if size is None else resize_frame(picture, size)


def _open_decoder(codec: str, limits: FrameLimits) -> VideoCodecContext:
    decoder = cast("VideoCodecContext", CodecContext.create(codec, "r"))
    decoder.thread_count = 1
    decoder.options = _decoder_options(limits)
    return decoder


def _decoder_options(limits: FrameLimits) -> dict[str, str]:
    # max_pixels stops a second, larger header inside the data; it counts padding to whole blocks too.
    return {"err_detect": "explode", "max_pixels": str(2 * limits.max_pixels + 65_536)}


def _decode_annexb(data: bytes, codec: str, limits: FrameLimits) -> Iterator[VideoFrame]:
    _check_pixels(*annexb_picture_size(data, codec), limits)
    decoder = _open_decoder("h264" if codec == "h264" else "hevc", limits)
    for packet in decoder.parse(data) + decoder.parse(None):
        yield from decoder.decode(packet)
    yield from decoder.decode(None)


def _decode_mp4(data: bytes, limits: FrameLimits) -> Iterator[VideoFrame]:
    if data[4:8] not in (b"ftyp", b"styp", b"moov"):
        raise video_corrupt(f"content-type says video/mp4, but the value starts with {data[:8].hex(' ')}")
    options: Any = [_decoder_options(limits)]  # PyAV's stub says list[str]; it takes one dict per stream.
    with av.open(io.BytesIO(data), "r", format="mp4", stream_options=options) as container:
        if len(container.streams.video) != 1:
            raise video_corrupt(f"the MP4 holds {len(container.streams.video)} video tracks; one is needed")
        stream = container.streams.video[0]
        codec = stream.codec_context
        if codec.name not in ("h264", "hevc"):
            raise FrameError(
                f"the MP4 holds {codec.name}", code="content-type-unsupported", action="Send H.264 or H.265."
            )
        _check_pixels(codec.width, codec.height, limits)
        codec.thread_count = 1
        codec.options = _decoder_options(limits)
        yield from container.decode(stream)


def _check_pixels(width: int, height: int, limits: FrameLimits) -> None:
    if width * height > limits.max_pixels:
        raise FrameError(
            f"the picture has {width} x {height} pixels; {limits.max_pixels:,} in all are allowed",
            code="image-too-large",
            action="Let the camera send smaller pictures, or raise frames.max_pixels.",
        )


def _count_mismatch(announced: int, found: str) -> FrameError:
    return FrameError(
        f"the record announces {announced} frames and holds {found}",
        code="frame-count-mismatch",
        action="Correct the publisher's frame-count header.",
    )
