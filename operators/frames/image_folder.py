"""A folder of images as a source: sorted by name, with numbers inside names in numerical order."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.decode import decode_image
from operators.frames.image_header import sniff_image_type

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def folder_frames(folder: Path) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield (number, RGB uint8 [height, width, 3]) of every image in a folder.

    Raises:
        FrameError: `source-unreadable` if there is no image; a damaged image's own code, with its name.
    """
    paths = sorted(
        (path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES), key=_by_name_and_number
    )
    if not paths:
        raise FrameError(
            f"{folder} holds no images",
            code="source-unreadable",
            action=f"Give a folder with files that end in {', '.join(_SUFFIXES)}.",
        )
    for number, path in enumerate(paths):
        data = path.read_bytes()
        try:
            yield number, decode_image(data, sniff_image_type(data) or f"image/{path.suffix[1:]}", None)
        except FrameError as error:
            raise FrameError(f"{path}: {error.message}", code=error.code, action=error.action) from error


def _by_name_and_number(path: Path) -> list[tuple[int, str]]:
    parts = re.split(r"(\d+)", path.name.lower())
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]
