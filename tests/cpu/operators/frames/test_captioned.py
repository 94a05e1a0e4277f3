"""Captioned videos: what stands under the picture when, and that the file plays."""

from pathlib import Path

import av
import numpy as np
import pytest

from operators.errors import FrameError
from operators.frames.caption_bar import BACKGROUND, caption_bar
from operators.frames.captioned import captioned_frame, shown_texts, write_captioned
from operators.frames.captions import Caption
from operators.frames.source import open_source
from tests.support.footage import CARPHONE, footage

CAPTIONS = [Caption(0, 0, "a bench"), Caption(0.5, 2, "opens the box"), Caption(2.5, 4, "shuts the box")]


def test_a_segment_shows_its_narration_and_the_one_before() -> None:
    expected = {
        0.0: ("a bench", ""),
        0.25: ("", "a bench"),
        0.5: ("opens the box", "a bench"),
        2.0: ("opens the box", "a bench"),
        2.2: ("", "opens the box"),
        4.0: ("shuts the box", "opens the box"),
        9.0: ("", "shuts the box"),
    }
    assert {time_s: shown_texts(CAPTIONS, time_s) for time_s in expected} == expected
    assert shown_texts([], 1.0) == ("", "")


@pytest.mark.parametrize(("height", "width"), [(144, 176), (97, 131), (384, 384), (721, 1281)])
def test_the_bar_is_under_the_picture(height: int, width: int) -> None:
    frame = np.full((height, width, 3), 200, np.uint8)
    picture = captioned_frame(frame, 1.0, CAPTIONS)
    assert picture.shape[0] % 2 == picture.shape[1] % 2 == 0
    assert picture.shape[1] >= 480
    assert (picture[0] > 190).all()
    assert tuple(picture[-1, 0]) == BACKGROUND
    assert picture[-picture.shape[0] // 4 :].max() > 230


def ink(bar: np.ndarray) -> tuple[int, int]:
    """Rows of letters in the upper two thirds, and whether anything touches the right edge."""
    letters = (bar.astype(int) - np.array(BACKGROUND)).max(axis=2) > 60
    rows = letters[: 2 * len(bar) // 3].any(axis=1)
    lines = int(np.diff(np.concatenate([[0], rows.astype(int)])).clip(0).sum())
    return lines, int(letters[:, -2:].any())


def test_long_narrations_are_wrapped_and_cut_inside_the_bar() -> None:
    short, once, endless = (
        "shuts the box",
        "moves the blue ball from the left box to the right one",
        "on and on " * 40,
    )
    assert [ink(caption_bar(480, text, "", "0:00.0"))[0] for text in (short, once, endless)] == [1, 2, 2]
    for text in (endless, "x" * 300, "é" * 300):
        assert ink(caption_bar(480, text, text, "1000:00.0"))[1] == 0
    assert ink(caption_bar(480, "", "", "0:00.0")) == (0, 0)


def test_a_captioned_file_plays_in_every_player(tmp_path: Path) -> None:
    path = tmp_path / "out" / "captioned.mp4"
    count = write_captioned(path, open_source(str(footage(CARPHONE)), fps=5.0), CAPTIONS, fps=5.0)
    assert count == 21
    with av.open(str(path), "r") as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
    assert [frame.time for frame in frames] == pytest.approx([number / 5 for number in range(21)], abs=1e-3)
    assert frames[0].width == 480


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "folder.mp4").mkdir()
    with pytest.raises(FrameError, match="can't be written") as caught:
        write_captioned(tmp_path / "folder.mp4", open_source(str(footage(CARPHONE)), fps=1.0), [], fps=1.0)
    assert caught.value.code == "output-unwritable"
