"""What a frame record may hold: content types and sizes."""

from dataclasses import dataclass

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp")
"""Content types of records that hold one image."""

VIDEO_TYPES = ("video/h264", "video/h265", "video/mp4")
"""Content types of records that hold one closed group of pictures (Annex B, Annex B, fragmented MP4)."""


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """Bounds that are checked before anything is decoded.

    Attributes:
        max_pixels: Largest width x height of a frame; the default is 8K (7680 x 4320).
        max_gop_frames: Most frames in one group of pictures; the same bound as in the wire contract.
        max_gop_pixels: Largest width x height x frames of a group: a few kilobytes can hold minutes of
            large, still pictures; the default takes a second or two to decode at 1080p.
    """

    max_pixels: int = 33_177_600
    max_gop_frames: int = 1000
    max_gop_pixels: int = 2_000_000_000


DEFAULT_LIMITS = FrameLimits()


def bare_type(content_type: str) -> str:
    """Return a content type without parameters, in lower case: `image/JPEG; q=1` is `image/jpeg`."""
    return content_type.partition(";")[0].strip().lower()
