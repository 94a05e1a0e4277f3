"""What the bytes of an image say before it is decoded: type, size, and whether they are all there.

Decoders conceal errors: half a JPEG becomes a picture with a grey lower half. So the container of each format
is walked to its end here, which costs microseconds, and a 50-megapixel image is refused without decoding.
"""

import re
import struct
import zlib
from dataclasses import dataclass

from operators.errors import FrameError
from operators.frames.limits import IMAGE_TYPES, bare_type

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_JPEG_MARKER_IN_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
_JPEG_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the header of a complete image says.

    Attributes:
        width: Width in pixels, at least 1.
        height: Height in pixels, at least 1.
        data: The bytes to decode: the image without trailing bytes (and, for PNG, without optional chunks).
    """

    width: int
    height: int
    data: bytes


def read_image_header(data: bytes, content_type: str) -> ImageHeader:
    """Read an image's size and check that its container is complete.

    Raises:
        FrameError: `content-type-unsupported`; `image-corrupt` if the bytes are of another type or cut.
    """
    kind = bare_type(content_type)
    if kind not in IMAGE_TYPES:
        raise FrameError(
            f"content-type {content_type!r} is no image type",
            code="content-type-unsupported",
            action=f"Send one of {', '.join(IMAGE_TYPES)}.",
        )
    found = sniff_image_type(data)
    if found != kind:
        shown = found or ("nothing" if not data else f"bytes {data[:8].hex(' ')}")
        raise _corrupt(f"content-type says {kind}, but the value holds {shown}")
    if kind == "image/jpeg":
        header = _read_jpeg(data)
    elif kind == "image/png":
        header = _read_png(data)
    else:
        header = _read_webp(data)
    if header.width < 1 or header.height < 1:
        raise _corrupt(f"the {kind} header says {header.width} x {header.height} pixels")
    return header


def sniff_image_type(data: bytes) -> str | None:
    """Return the content type that the first bytes show, or None."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(_PNG_MAGIC):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _corrupt(message: str) -> FrameError:
    return FrameError(message, code="image-corrupt", action="Check the camera's encoder and its connection.")


def _read_jpeg(data: bytes) -> ImageHeader:
    width = height = 0
    at = 2
    while True:
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        if at + 2 > len(data) or data[at] != 0xFF:
            raise _corrupt(f"the JPEG ends or breaks at byte {at} of {len(data)}, before its end marker")
        marker = data[at + 1]
        at += 2
        if marker == 0xD9:
            break
        if marker in _JPEG_WITHOUT_LENGTH:
            continue
        if at + 2 > len(data):
            raise _corrupt(f"the JPEG is cut at byte {len(data)}")
        end = at + int.from_bytes(data[at : at + 2], "big")
        if marker in _JPEG_START_OF_FRAME and at + 7 <= len(data):
            height, width = struct.unpack_from(">HH", data, at + 3)
        at = end
        if marker == 0xDA:
            found = _JPEG_MARKER_IN_SCAN.search(data, at)
            if found is None:
                raise _corrupt(f"the JPEG is cut: {len(data)} bytes and no end marker")
            at = found.end() - 2
    return ImageHeader(width, height, data[:at])


def _read_png(data: bytes) -> ImageHeader:
    if data[12:16] != b"IHDR" or len(data) < 33:
        raise _corrupt("the PNG does not start with an IHDR chunk")
    width, height = struct.unpack_from(">II", data, 16)
    parts = [_PNG_MAGIC]
    at = len(_PNG_MAGIC)
    kind = b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise _corrupt(f"the PNG is cut at byte {len(data)}, before its IEND chunk")
        length = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data):
            raise _corrupt(f"the PNG is cut at byte {len(data)}, inside a {kind!r} chunk of {length} bytes")
        if zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise _corrupt(f"the PNG's {kind!r} chunk at byte {at} has a wrong checksum")
        # Optional chunks (lower-case names) are left out: compressed ones could expand a thousandfold.
        if kind[:1].isupper():
            parts.append(data[at:end])
        at = end
    return ImageHeader(width, height, b"".join(parts))


def _read_webp(data: bytes) -> ImageHeader:
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data) or len(data) < 30:
        raise _corrupt(f"the WebP is cut: {len(data)} of {end} bytes")
    kind = data[12:16]
    if kind == b"VP8X":
        if data[20] & 0x02:
            raise _corrupt("the WebP is an animation; a record holds one picture")
        width = 1 + int.from_bytes(data[24:27], "little")
        height = 1 + int.from_bytes(data[27:30], "little")
    elif kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 " and data[23:26] == b"\x9d\x01\x2a":
        width, height = (value & 0x3FFF for value in struct.unpack_from("<HH", data, 26))
    else:
        raise _corrupt(f"the WebP starts with an unknown chunk {kind!r}")
    return ImageHeader(width, height, data[:end])
