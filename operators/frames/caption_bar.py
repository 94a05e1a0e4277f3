"""The bar under a captioned picture: the present narration in white, the one before it in grey, the time."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

BACKGROUND = (16, 16, 20)
WHITE = (255, 255, 255)
GREY = (150, 150, 160)


@lru_cache(maxsize=8)
def caption_bar(width: int, text: str, before: str, clock: str) -> NDArray[np.uint8]:
    """Draw a bar.

    Args:
        width: Width in pixels; letters and height grow with it.
        text: Narration of the segment that is shown; wrapped to two lines, cut with an ellipsis after that.
        before: The narration before it; one line.
        clock: Time, at the lower right.

    Returns:
        RGB uint8 [height, width, 3]; height is even. Not to be modified: it is cached.
    """
    size = max(14, round(width / 24))
    small = round(size * 0.75)
    margin = size // 2
    line = round(size * 1.25)
    height = 2 * line + small + 3 * margin
    bar = np.full((height + height % 2, width, 3), BACKGROUND, np.uint8)
    room = width - 2 * margin
    for number, part in enumerate(_wrapped(text, room, size, max_lines=2)):
        _draw(bar, part, margin, margin + number * line + round(size * 0.9), WHITE, size, 500)
    baseline = bar.shape[0] - margin
    clock_width = _width(clock, small)
    (before_line,) = _wrapped(before, room - clock_width - margin, small, max_lines=1) or [""]
    _draw(bar, before_line, margin, baseline, GREY, small, 400)
    _draw(bar, clock, width - margin - clock_width, baseline, GREY, small, 400)
    bar.flags.writeable = False
    return bar


def _wrapped(text: str, room: int, size: int, max_lines: int) -> list[str]:
    """Break a text into lines that fit; what does not fit ends with an ellipsis."""
    lines: list[str] = []
    words = text.split()
    while words:
        if len(lines) == max_lines:
            lines[-1] = _cut(f"{lines[-1]} {words[0]}", room, size)
            break
        count = 1
        while count < len(words) and _width(" ".join(words[: count + 1]), size) <= room:
            count += 1
        lines.append(" ".join(words[:count]))
        words = words[count:]
    return [line if _width(line, size) <= room else _cut(line, room, size) for line in lines]


def _cut(text: str, room: int, size: int) -> str:
    while text and _width(f"{text}…", size) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


@lru_cache(maxsize=1)
def _font() -> cv2.FontFace:
    return cv2.FontFace("sans")


def _width(text: str, size: int) -> int:
    if not text:
        return 0
    x, _, width, _ = cv2.getTextSize((0, 0), text, (0, 0), _font(), size, 500)
    return int(x + width)


def _draw(
    bar: NDArray[np.uint8], text: str, x: int, y: int, colour: tuple[int, int, int], size: int, weight: int
) -> None:
    if text:
        cv2.putText(bar, text, (x, y), colour, _font(), size, weight)
