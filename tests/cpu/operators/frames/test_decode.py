"""decode_image: every format becomes RGB, every damaged or oversized image is refused with its code."""

import time

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.decode import decode_image, is_video_type
from operators.frames.limits import FrameLimits

TYPES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}


def picture(height: int = 96, width: int = 128) -> NDArray[np.uint8]:
    """A smooth RGB picture in which every corner has its own colour."""
    rows, columns = np.mgrid[0:height, 0:width]
    red = 255 * columns / (width - 1)
    green = 255 * rows / (height - 1)
    blue = 128 + 90 * np.sin(columns / 9.0) * np.cos(rows / 7.0)
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def encoded(rgb: NDArray[np.uint8], content_type: str, *parameters: int) -> bytes:
    return cv2.imencode(TYPES[content_type], rgb[..., ::-1], parameters)[1].tobytes()


def refusal(data: bytes, content_type: str, limits: FrameLimits | None = None) -> FrameError:
    with pytest.raises(FrameError) as caught:
        decode_image(data, content_type, 64, limits or FrameLimits())
    return caught.value


@pytest.mark.parametrize("content_type", TYPES)
def test_an_image_comes_back_as_rgb_of_its_size(content_type: str) -> None:
    rgb = picture()
    decoded = decode_image(encoded(rgb, content_type), content_type, None)
    assert decoded.shape == rgb.shape
    assert decoded.dtype == np.uint8
    assert np.abs(decoded.astype(int) - rgb).mean() < 3.0


@pytest.mark.parametrize("content_type", TYPES)
def test_an_image_is_resized_to_a_square(content_type: str) -> None:
    decoded = decode_image(encoded(picture(), content_type), content_type, 48)
    assert decoded.shape == (48, 48, 3)
    assert decoded.flags.c_contiguous
    expected = cv2.resize(picture(), (48, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(decoded.astype(int) - expected).mean() < 3.0


def test_grey_alpha_sixteen_bit_progressive_and_lossless_images_are_read() -> None:
    rgb = picture()
    bgr = rgb[..., ::-1]
    alpha = np.full((*rgb.shape[:2], 1), 128, np.uint8)
    cases = {
        "grey jpeg": (".jpg", rgb[..., 0], (), np.repeat(rgb[..., :1], 3, axis=2)),
        "grey png": (".png", rgb[..., 0], (), np.repeat(rgb[..., :1], 3, axis=2)),
        "png with alpha": (".png", np.dstack([bgr, alpha]), (), rgb),
        "16-bit png": (".png", bgr.astype(np.uint16) * 257, (), rgb),
        "webp with alpha": (".webp", np.dstack([bgr, alpha]), (cv2.IMWRITE_WEBP_QUALITY, 101), rgb),
        "lossy webp": (".webp", bgr, (cv2.IMWRITE_WEBP_QUALITY, 95), rgb),
        "progressive jpeg": (".jpg", bgr, (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), rgb),
    }
    kinds = {extension: content_type for content_type, extension in TYPES.items()}
    for name, (extension, image, parameters, expected) in cases.items():
        data = cv2.imencode(extension, image, parameters)[1].tobytes()
        decoded = decode_image(data, kinds[extension], None)
        assert np.abs(decoded.astype(int) - expected).mean() < 3.0, name


@pytest.mark.parametrize("content_type", TYPES)
def test_an_image_cut_anywhere_is_refused(content_type: str) -> None:
    data = encoded(picture(), content_type)
    cuts = {0, 1, 2, 3, 5, 11, 13, 29, 31, len(data) - 1, len(data) - 2, len(data) - 5}
    cuts |= {int(len(data) * tenth / 20) for tenth in range(20)}
    for cut in sorted(cuts):
        assert refusal(data[:cut], content_type).code == "image-corrupt", cut


def test_a_jpeg_whose_end_marker_was_put_back_after_a_cut_is_refused() -> None:
    data = encoded(picture(), "image/jpeg")
    assert refusal(data[: len(data) // 2] + b"\xff\xd9", "image/jpeg").code == "image-corrupt"


def test_bytes_after_the_end_of_an_image_are_ignored() -> None:
    for content_type in TYPES:
        data = encoded(picture(), content_type)
        assert np.array_equal(
            decode_image(data + data + b"tail", content_type, 32), decode_image(data, content_type, 32)
        )


def test_another_type_than_the_header_says_is_named() -> None:
    error = refusal(encoded(picture(), "image/png"), "image/jpeg")
    assert error.code == "image-corrupt"
    assert "content-type says image/jpeg, but the value holds image/png" in error.message
    assert "bytes 48 65 6c 6c 6f" in refusal(b"Hello", "image/jpeg").message
    assert "nothing" in refusal(b"", "image/webp").message


def test_an_unknown_content_type_is_refused() -> None:
    for kind in ("image/gif", "text/plain", "", "video/h264"):
        assert refusal(encoded(picture(), "image/png"), kind).code == "content-type-unsupported"
    with pytest.raises(FrameError, match="not supported") as caught:
        is_video_type("image/gif")
    assert caught.value.code == "content-type-unsupported"
    assert is_video_type("video/mp4")
    assert not is_video_type("image/JPEG; q=1")


@pytest.mark.parametrize("content_type", ["image/jpeg", "image/png"])
def test_fifty_megapixels_are_refused_without_decoding(content_type: str) -> None:
    data = encoded(np.zeros((5000, 10000, 3), np.uint8), content_type)
    started = time.perf_counter()
    error = refusal(data, content_type)
    assert time.perf_counter() - started < 0.1
    assert error.code == "image-too-large"
    assert "10000 x 5000" in error.message
    assert "33,177,600" in error.message


def test_the_pixel_limit_is_exact() -> None:
    data = encoded(picture(96, 128), "image/webp")
    decode_image(data, "image/webp", 8, FrameLimits(max_pixels=96 * 128))
    assert refusal(data, "image/webp", FrameLimits(max_pixels=96 * 128 - 1)).code == "image-too-large"


def test_a_damaged_png_chunk_is_refused() -> None:
    data = bytearray(encoded(picture(), "image/png"))
    data[len(data) // 2] ^= 1
    error = refusal(bytes(data), "image/png")
    assert error.code == "image-corrupt"
    assert "checksum" in error.message


def outcome(data: bytes, content_type: str) -> str:
    try:
        assert decode_image(data, content_type, 16).shape == (16, 16, 3)
    except FrameError as error:
        return error.code
    return "decoded"


def test_damaged_images_never_raise_anything_else() -> None:
    rng = np.random.default_rng(7)
    codes = set()
    for content_type in TYPES:
        data = encoded(picture(), content_type)
        for _ in range(300):
            damaged = bytearray(data)
            for place in rng.integers(0, len(data), 3):
                damaged[place] = rng.integers(256)
            codes.add(outcome(bytes(damaged), content_type))
    assert {"decoded", "image-corrupt"} <= codes <= {"decoded", "image-corrupt", "image-too-large"}
