"""What an Annex B stream says before it is decoded: picture size, and whether it starts with a keyframe.

Notation of the standards (ITU-T H.264 7.3.2.1.1, H.265 7.3.2.2): u(n) is n bits, ue and se are Golomb codes.
"""

import re
from collections.abc import Iterator

from operators.errors import FrameError

_START_CODE = re.compile(b"\x00\x00\x01")
_H264_WITH_CHROMA_FORMAT = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


class _Bits:
    """Reads bits of a parameter set from the first to the last."""

    def __init__(self, payload: bytes) -> None:
        raw = payload.replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(raw, "big")
        self._left = 8 * len(raw)

    def u(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise video_corrupt("a parameter set of the video is cut")
        return self._value >> self._left & ((1 << count) - 1)

    def ue(self) -> int:
        zeros = 0
        while not self.u(1):
            zeros += 1
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def video_corrupt(message: str) -> FrameError:
    """Build the error for a group of pictures that can't be read."""
    return FrameError(message, code="video-corrupt", action="Check the camera's encoder and its connection.")


def annexb_picture_size(data: bytes, codec: str) -> tuple[int, int]:
    """Return the largest picture size (width, height) that the stream's parameter sets announce.

    Args:
        data: Annex B bytes that start with a start code.
        codec: `h264` or `h265`.

    Raises:
        FrameError: `video-corrupt` if this is no Annex B, if parameter sets are missing or broken, or if the
            first picture is no keyframe.
    """
    if not data.lstrip(b"\x00").startswith(b"\x01") or not data.startswith(b"\x00\x00"):
        raise video_corrupt(f"the value is no {codec} Annex B stream: it starts with {data[:4].hex(' ')}")
    h264 = codec == "h264"
    sizes: list[tuple[int, int]] = []
    starts_with_keyframe: bool | None = None
    for nal in _nal_units(data):
        kind = nal[0] & 0x1F if h264 else nal[0] >> 1 & 0x3F
        if kind == (7 if h264 else 33):
            sizes.append(_h264_size(nal[1:]) if h264 else _h265_size(nal[2:]))
        elif starts_with_keyframe is None and (1 <= kind <= 5 if h264 else kind < 32):
            starts_with_keyframe = kind == 5 if h264 else 16 <= kind <= 21
            if not sizes:
                raise video_corrupt("the group of pictures has no parameter sets before its first picture")
    if starts_with_keyframe is None:
        raise video_corrupt("the group of pictures holds no picture")
    if not starts_with_keyframe:
        raise video_corrupt("the group of pictures does not start with a keyframe")
    return max(sizes, key=lambda size: size[0] * size[1])


def _nal_units(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units, each at most 4 KiB of it: enough for any parameter set."""
    starts = [match.end() for match in _START_CODE.finditer(data)]
    for start, after in zip(starts, [*starts[1:], len(data) + 3], strict=True):
        nal = data[start : min(after - 3, start + 4096)]
        if nal:
            yield nal


def _h264_size(payload: bytes) -> tuple[int, int]:
    bits = _Bits(payload)
    profile = bits.u(8)
    bits.u(16)
    bits.ue()
    chroma = 1
    if profile in _H264_WITH_CHROMA_FORMAT:
        chroma = bits.ue()
        if chroma == 3 and bits.u(1):
            chroma = 0
        bits.ue()
        bits.ue()
        bits.u(1)
        if bits.u(1):
            for index in range(12 if chroma == 3 else 8):
                if bits.u(1):
                    _skip_scaling_list(bits, 16 if index < 6 else 64)
    bits.ue()
    order_type = bits.ue()
    if order_type == 0:
        bits.ue()
    elif order_type == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 255)):
            bits.se()
    bits.ue()
    bits.u(1)
    width = 16 * (bits.ue() + 1)
    rows = bits.ue() + 1
    fields = 2 - bits.u(1)
    if fields == 2:
        bits.u(1)
    bits.u(1)
    return _cropped(bits, chroma, width, 16 * rows * fields, fields)


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _h265_size(payload: bytes) -> tuple[int, int]:
    bits = _Bits(payload)
    bits.u(4)
    sub_layers = bits.u(3)
    bits.u(1 + 96)
    present = [(bits.u(1), bits.u(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.u(2 * (8 - sub_layers))
    for profile, level in present:
        bits.u(88 * profile + 8 * level)
    bits.ue()
    chroma = bits.ue()
    if chroma == 3 and bits.u(1):
        chroma = 0
    width, height = bits.ue(), bits.ue()
    return _cropped(bits, chroma, width, height, 1)


def _cropped(bits: _Bits, chroma: int, width: int, height: int, fields: int) -> tuple[int, int]:
    """Subtract the cropping window, whose unit is a chroma sample."""
    if bits.u(1):
        left, right, top, bottom = (bits.ue() for _ in range(4))
        width -= (left + right) * (2 if chroma in (1, 2) else 1)
        height -= (top + bottom) * (2 if chroma == 1 else 1) * fields
    if width < 1 or height < 1:
        raise video_corrupt(f"the video announces pictures of {width} x {height} pixels")
    return width, height
