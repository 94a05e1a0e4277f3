"""A contact sheet: pictures of every activity with its narration under them."""

from pathlib import Path

import cv2
import numpy as np

from operators.datasets.world.sprites import Image
from operators.datasets.world.truth import WorldError, WorldNarration
from operators.datasets.world.video import WorldVideo

PICTURE_PIXELS = 192
_CAPTION_PIXELS = 46
_GAP_PIXELS = 12
_PAPER = (250, 249, 246)
_INK = (32, 34, 40)
_FAINT = (120, 124, 132)
_MEMORY = (196, 84, 20)
_MOMENTS = (0.55, 1.0)
"""When an activity is pictured: in its middle and at its end, as shares of its duration."""


def contact_sheet(video: WorldVideo, *, columns: int = 3, max_narrations: int = 36) -> Image:
    """Picture the activities of a video, RGB uint8 [H, W, 3].

    Args:
        video: Video to show.
        columns: Activities side by side.
        max_narrations: Only so many, from the start.
    """
    cells = [_cell(video, narration) for narration in video.narrations[:max_narrations]]
    cells += [np.full_like(cells[0], _PAPER)] * (-len(cells) % columns)
    rows = [np.hstack(cells[first : first + columns]) for first in range(0, len(cells), columns)]
    width = rows[0].shape[1]
    head = _paper(56, width)
    _write(head, f"seed {video.seed}: {video.opening}", _GAP_PIXELS, 26, _INK, 0.62)
    note = "each activity in its middle and at its end; orange: the sentence needs memory of earlier segments"
    _write(head, note, _GAP_PIXELS, 46, _FAINT, 0.42)
    return np.vstack([head, *rows])


def write_png(path: Path, image: Image) -> None:
    """Write an RGB picture as PNG.

    Raises:
        WorldError: The file can't be written.
    """
    encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
    try:
        path.write_bytes(encoded.tobytes())
    except OSError as error:
        raise WorldError(
            f"{path} can't be written: {error}", action="Check the folder and its space."
        ) from error


def _cell(video: WorldVideo, narration: WorldNarration) -> Image:
    duration_s = narration.end_s - narration.start_s
    times = [min(narration.start_s + share * duration_s, video.duration_s) for share in _MOMENTS]
    pictures = np.hstack([_shrunk(video, time_s) for time_s in times])
    cell = _paper(PICTURE_PIXELS + _CAPTION_PIXELS + _GAP_PIXELS, pictures.shape[1] + 2 * _GAP_PIXELS)
    cell[:PICTURE_PIXELS, _GAP_PIXELS:-_GAP_PIXELS] = pictures
    colour = _MEMORY if narration.needs_memory else _INK
    _write(cell, narration.text, _GAP_PIXELS, PICTURE_PIXELS + 17, colour, 0.46)
    times_text = f"{narration.start_s:.1f} to {narration.end_s:.1f} s"
    _write(cell, times_text, _GAP_PIXELS, PICTURE_PIXELS + 36, _FAINT, 0.38)
    return cell


def _shrunk(video: WorldVideo, time_s: float) -> Image:
    frame = video.frame(time_s, 2 * PICTURE_PIXELS)
    size = (PICTURE_PIXELS, PICTURE_PIXELS)
    return np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), np.uint8)


def _paper(height: int, width: int) -> Image:
    return np.full((height, width, 3), _PAPER, np.uint8)


def _write(image: Image, text: str, x: int, y: int, colour: tuple[int, int, int], size: float) -> None:
    cv2.putText(image, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
