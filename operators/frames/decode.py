"""From the bytes of a frame record to RGB frames at the model's size.

What is refused is refused with a code for the dead letter: `content-type-unsupported`, `image-corrupt`,
`image-too-large`, `video-corrupt`, `frame-count-mismatch`. EXIF orientation is ignored: a camera that hangs
upside down is narrated upside down. Transparency is dropped; grey, 16-bit and CMYK pictures become 8-bit RGB.
"""

import io
from collections.abc import Collection, Iterator
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.image_header import read_image_header
from operators.frames.libav import decoder_options, open_decoder, to_rgb
from operators.frames.limits import DEFAULT_LIMITS, IMAGE_TYPES, VIDEO_TYPES, FrameLimits, bare_type
from operators.frames.video_header import annexb_picture_size, video_corrupt

_IMAGE_CODECS = {"image/jpeg": "mjpeg", "image/png": "png", "image/webp": "webp"}


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
    decoder = open_decoder(_IMAGE_CODECS[kind], limits)
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
    data: bytes,
    content_type: str,
    size: int | None,
    frame_count: int,
    limits: FrameLimits = DEFAULT_LIMITS,
    *,
    kept: Collection[int] | None = None,
) -> list[NDArray[np.uint8]]:
    """Decode one closed group of pictures: Annex B H.264 or H.265, or either of them in fragmented MP4.

    Args:
        data: The group: parameter sets, keyframe, further frames.
        content_type: One of VIDEO_TYPES.
        size: Side of the squares that are returned, in pixels; None keeps the video's own size.
        frame_count: Number of frames that the record announces; another number is an error.
        limits: Bounds, checked before anything is decoded.
        kept: Indices of the frames that are wanted; all are decoded and checked. None wants all.

    Returns:
        The wanted RGB pictures uint8 [size, size, 3], in the order of display.

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
    mp4 = kind == "video/mp4"
    decoded = (
        _decode_mp4(data, frame_count, limits) if mp4 else _decode_annexb(data, kind[6:], frame_count, limits)
    )
    wanted = range(frame_count) if kept is None else frozenset(kept)
    frames: list[NDArray[np.uint8]] = []
    num_decoded = 0
    try:
        for frame in decoded:
            if frame.is_corrupt:
                raise video_corrupt(f"frame {num_decoded} of the group is damaged")
            if not num_decoded and not frame.key_frame:
                raise video_corrupt("the group of pictures does not start with a keyframe")
            if num_decoded >= frame_count:
                raise _count_mismatch(frame_count, f"more than {frame_count}")
            if num_decoded in wanted:
                frames.append(to_rgb(frame, size))
            num_decoded += 1
    except (av.FFmpegError, ValueError) as error:
        raise video_corrupt(f"the {kind} breaks after {num_decoded} frames: {error}") from error
    if num_decoded != frame_count:
        raise _count_mismatch(frame_count, str(num_decoded))
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


def _decode_annexb(data: bytes, codec: str, frame_count: int, limits: FrameLimits) -> Iterator[VideoFrame]:
    width, height = annexb_picture_size(data, codec)
    _check_pixels(width, height, limits, frame_count)
    decoder = open_decoder("h264" if codec == "h264" else "hevc", limits)
    for packet in decoder.parse(data) + decoder.parse(None):
        yield from decoder.decode(packet)
    yield from decoder.decode(None)


def _decode_mp4(data: bytes, frame_count: int, limits: FrameLimits) -> Iterator[VideoFrame]:
    if data[4:8] not in (b"ftyp", b"styp", b"moov"):
        raise video_corrupt(f"content-type says video/mp4, but the value starts with {data[:8].hex(' ')}")
    options: Any = [decoder_options(limits)]  # PyAV's stub says list[str]; it takes one dict per stream.
    with av.open(io.BytesIO(data), "r", format="mp4", stream_options=options) as container:
        if len(container.streams.video) != 1:
            raise video_corrupt(f"the MP4 holds {len(container.streams.video)} video tracks; one is needed")
        stream = container.streams.video[0]
        codec = stream.codec_context
        if codec.name not in ("h264", "hevc"):
            raise FrameError(
                f"the MP4 holds {codec.name}", code="content-type-unsupported", action="Send H.264 or H.265."
            )
        _check_pixels(codec.width, codec.height, limits, frame_count)
        codec.thread_count = 1
        codec.options = decoder_options(limits)
        yield from container.decode(stream)


def _check_pixels(width: int, height: int, limits: FrameLimits, frame_count: int = 1) -> None:
    if width * height > limits.max_pixels:
        raise FrameError(
            f"the picture has {width} x {height} pixels; {limits.max_pixels:,} in all are allowed",
            code="image-too-large",
            action="Let the camera send smaller pictures, or raise frames.max_pixels.",
        )
    if width * height * frame_count > limits.max_gop_pixels:
        raise FrameError(
            f"{frame_count} frames of {width} x {height} pixels; {limits.max_gop_pixels:,} are allowed",
            code="image-too-large",
            action="Send shorter groups of pictures.",
        )


def _count_mismatch(announced: int, found: str) -> FrameError:
    return FrameError(
        f"the record announces {announced} frames and holds {found}",
        code="frame-count-mismatch",
        action="Correct the publisher's frame-count header.",
    )
