"""encode_gop and decode_gop: groups of pictures there and back, and every way in which one can be broken."""

import io
from fractions import Fraction
from typing import cast

import av
import numpy as np
import pytest
from av.video.frame import PictureType
from av.video.stream import VideoStream
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.decode import decode_gop
from operators.frames.encode import encode_gop, encode_jpeg
from operators.frames.limits import FrameLimits
from operators.frames.video_header import annexb_picture_size


def moving_square(num_frames: int, height: int = 96, width: int = 160) -> list[NDArray[np.uint8]]:
    frames = []
    for number in range(num_frames):
        frame = np.full((height, width, 3), (40, 90, 160), np.uint8)
        frame[20:60, 4 * number : 4 * number + 40] = (220, 200, 30)
        frames.append(frame)
    return frames


def encode(
    frames: list[NDArray[np.uint8]], codec: str, container: str, pix_fmt: str = "yuv420p", **options: str
) -> bytes:
    """Encode with any codec into any container that PyAV knows."""
    buffer = io.BytesIO()
    muxer = {"movflags": "frag_keyframe+empty_moov"} if container == "mp4" else {}
    with av.open(buffer, "w", format=container, options=muxer) as out:
        stream = cast("VideoStream", out.add_stream(codec, rate=Fraction(4)))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pix_fmt
        stream.options = dict(options)
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def h265(frames: list[NDArray[np.uint8]]) -> bytes:
    options = {"preset": "ultrafast", "x265-params": "bframes=0:log-level=none"}
    return encode(frames, "libx265", "hevc", **options)


def refusal(data: bytes, count: int, kind: str = "video/h264", limits: FrameLimits | None = None) -> str:
    with pytest.raises(FrameError) as caught:
        decode_gop(data, kind, 32, count, limits or FrameLimits())
    return caught.value.code


@pytest.mark.parametrize("num_frames", [1, 2, 7])
def test_a_group_comes_back_with_all_its_frames(num_frames: int) -> None:
    frames = moving_square(num_frames)
    decoded = decode_gop(encode_gop(frames, fps=4), "video/h264", None, num_frames)
    assert len(decoded) == num_frames
    for there, back in zip(frames, decoded, strict=True):
        assert np.abs(there.astype(int) - back).mean() < 3.0


def test_frames_are_resized() -> None:
    decoded = decode_gop(encode_gop(moving_square(3), fps=2), "video/h264", 48, 3)
    assert [frame.shape for frame in decoded] == [(48, 48, 3)] * 3


def test_a_group_has_one_keyframe_and_no_frames_out_of_order() -> None:
    with av.open(io.BytesIO(encode_gop(moving_square(9), fps=3)), "r", format="h264") as container:
        kinds = [PictureType(frame.pict_type).name for frame in container.decode(video=0)]
    assert kinds == ["I"] + ["P"] * 8


def test_h265_and_mp4_are_read() -> None:
    frames = moving_square(5)
    cases = [
        ("video/h265", h265(frames)),
        ("video/mp4", encode(frames, "libx264", "mp4", bf="0")),
        ("video/mp4", encode(frames, "libx264", "mp4", bf="2")),
    ]
    for kind, data in cases:
        decoded = decode_gop(data, kind, None, 5)
        for there, back in zip(frames, decoded, strict=True):
            assert np.abs(there.astype(int) - back).mean() < 4.0, kind


def test_the_frame_count_is_checked() -> None:
    data = encode_gop(moving_square(5), fps=4)
    assert refusal(data, 4) == "frame-count-mismatch"
    assert refusal(data, 6) == "frame-count-mismatch"
    assert refusal(data, 0) == "frame-count-mismatch"
    assert refusal(data, 5, limits=FrameLimits(max_gop_frames=4)) == "frame-count-mismatch"


@pytest.mark.parametrize("kind", ["video/h264", "video/h265", "video/mp4"])
def test_a_cut_group_is_refused(kind: str) -> None:
    frames = moving_square(6)
    data = {"video/h264": lambda: encode_gop(frames, 4), "video/h265": lambda: h265(frames)}.get(
        kind, lambda: encode(frames, "libx264", "mp4", bf="0")
    )()
    for share in (0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.8):
        assert refusal(data[: int(len(data) * share)], 6, kind) in ("video-corrupt", "frame-count-mismatch")


def test_a_group_without_keyframe_or_parameter_sets_is_refused() -> None:
    data = encode_gop(moving_square(3), fps=4)
    starts = [at for at in range(len(data) - 3) if data[at : at + 3] == b"\x00\x00\x01"]
    kinds = [data[at + 3] & 31 for at in starts]
    assert kinds.count(5) == 1
    parameters, first, second = data[: starts[kinds.index(5)]], starts[kinds.index(5)], starts[kinds.index(1)]
    assert refusal(parameters + data[second:], 2) == "video-corrupt"
    assert refusal(data[first:], 3) == "video-corrupt"
    assert refusal(parameters, 1) == "video-corrupt"


def test_other_bytes_than_announced_are_refused() -> None:
    jpeg = encode_jpeg(moving_square(1)[0])
    for kind in ("video/h264", "video/h265", "video/mp4"):
        assert refusal(jpeg, 1, kind) == "video-corrupt"
        assert refusal(b"", 1, kind) == "video-corrupt"
    assert refusal(jpeg, 1, "image/jpeg") == "content-type-unsupported"
    assert refusal(encode(moving_square(2), "mpeg4", "mp4"), 2, "video/mp4") == "content-type-unsupported"


def test_large_pictures_are_refused_before_decoding() -> None:
    frames = moving_square(2, height=98, width=162)
    exact = FrameLimits(max_pixels=98 * 162)
    below = FrameLimits(max_pixels=98 * 162 - 1)
    groups = {
        "video/h264": encode_gop(frames, 4),
        "video/h265": h265(frames),
        "video/mp4": encode(frames, "libx264", "mp4", bf="0"),
    }
    for kind, data in groups.items():
        assert len(decode_gop(data, kind, 32, 2, exact)) == 2
        assert refusal(data, 2, kind, below) == "image-too-large"


def test_groups_of_too_many_pixels_in_all_are_refused() -> None:
    data = encode_gop(moving_square(5), 4)
    pixels = 5 * 96 * 160
    assert len(decode_gop(data, "video/h264", 16, 5, FrameLimits(max_gop_pixels=pixels))) == 5
    assert refusal(data, 5, limits=FrameLimits(max_gop_pixels=pixels - 1)) == "image-too-large"


@pytest.mark.parametrize(("height", "width"), [(96, 160), (98, 162), (1080, 1920), (2, 2), (720, 1280)])
def test_the_announced_size_is_the_cropped_size(height: int, width: int) -> None:
    frames = [np.zeros((height, width, 3), np.uint8)]
    assert annexb_picture_size(encode_gop(frames, 2), "h264") == (width, height)
    if height >= 64:
        assert annexb_picture_size(h265(frames), "h265") == (width, height)


@pytest.mark.parametrize("pix_fmt", ["yuv444p", "yuv422p", "gray"])
def test_the_announced_size_holds_for_other_chroma_formats(pix_fmt: str) -> None:
    data = encode(moving_square(1, 98, 162), "libx264", "h264", pix_fmt)
    assert annexb_picture_size(data, "h264") == (162, 98)
    assert decode_gop(data, "video/h264", 16, 1)[0].shape == (16, 16, 3)


def outcome(data: bytes, kind: str) -> str:
    try:
        assert len(decode_gop(data, kind, 16, 4)) == 4
    except FrameError as error:
        return error.code
    return "decoded"


def test_damaged_groups_never_raise_anything_else() -> None:
    rng = np.random.default_rng(3)
    groups = {"video/h264": encode_gop(moving_square(4), 4), "video/h265": h265(moving_square(4))}
    codes = set()
    for kind, data in groups.items():
        for _ in range(150):
            damaged = bytearray(data)
            for place in rng.integers(0, len(data), 3):
                damaged[place] = rng.integers(256)
            codes.add(outcome(bytes(damaged), kind))
    assert "decoded" in codes
    assert "video-corrupt" in codes
    assert codes <= {"decoded", "video-corrupt", "frame-count-mismatch", "image-too-large"}


def test_frames_that_cannot_be_encoded_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        encode_gop([], 2)
    with pytest.raises(ValueError, match="even"):
        encode_gop([np.zeros((3, 4, 3), np.uint8)], 2)
    with pytest.raises(ValueError, match="frame 1"):
        encode_gop([np.zeros((4, 4, 3), np.uint8), np.zeros((4, 6, 3), np.uint8)], 2)
    with pytest.raises(ValueError, match="float64"):
        encode_jpeg(np.zeros((4, 4, 3)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="quality"):
        encode_jpeg(np.zeros((4, 4, 3), np.uint8), quality=0)
