"""open_source with real footage, folders, broken files and the video world."""

import io
import itertools
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from operators.datasets.world import generate
from operators.datasets.world.truth import WorldError
from operators.errors import FrameError
from operators.frames.encode import encode_jpeg
from operators.frames.source import open_source
from tests.support.footage import BIG_BUCK_BUNNY, BIKES, CARPHONE, footage


def native_frames(path: Path) -> list[NDArray[np.uint8]]:
    with av.open(str(path), "r") as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(container.streams.video[0])]


def error_of(uri: str) -> FrameError:
    with pytest.raises(FrameError) as caught:
        next(iter(open_source(uri)))
    return caught.value


@pytest.mark.parametrize(
    ("name", "num_ticks", "shape"),
    [(BIKES, 20, (272, 640, 3)), (BIG_BUCK_BUNNY, 11, (720, 1280, 3)), (CARPHONE, 9, (144, 176, 3))],
)
def test_footage_is_retimed_to_two_frames_a_second(name: str, num_ticks: int, shape: tuple[int, ...]) -> None:
    frames = list(open_source(str(footage(name)), fps=2.0))
    assert [time_s for time_s, _ in frames] == [number / 2 for number in range(num_ticks)]
    assert {frame.shape for _, frame in frames} == {shape}


def test_the_frames_are_those_of_the_file() -> None:
    native = native_frames(footage(BIKES))
    for time_s, frame in open_source(str(footage(BIKES)), fps=5.0):
        difference = np.abs(frame.astype(int) - native[round(time_s * 25)])
        # Only the rounding of the colour conversion differs.
        assert difference.mean() < 1.5, time_s


def test_a_loop_goes_on_in_time_with_the_same_frames() -> None:
    source = open_source(str(footage(CARPHONE)), fps=2.0, loop=True, size=32)
    frames = list(itertools.islice(source, 20))
    assert [time_s for time_s, _ in frames] == [number / 2 for number in range(20)]
    assert np.array_equal(frames[3].frame, frames[12].frame)
    assert not np.array_equal(frames[3].frame, frames[4].frame)
    assert frames[0].frame.shape == (32, 32, 3)


def test_the_world_is_drawn_as_its_camera_sends_it() -> None:
    frames = list(open_source("world:200001?seconds=2", fps=2.0))
    assert [time_s for time_s, _ in frames] == [0.0, 0.5, 1.0, 1.5]
    drawn = generate(200001, 30.0)
    for time_s, frame in frames:
        assert np.array_equal(frame, drawn.frame(time_s, 384))
    with pytest.raises(WorldError, match="900000"):
        next(iter(open_source("world:900000")))


def test_a_source_can_be_read_twice() -> None:
    source = open_source(str(footage(CARPHONE)), fps=1.0)
    assert [time_s for time_s, _ in source] == [time_s for time_s, _ in source] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_folder_is_sorted_with_numbers_in_order(tmp_path: Path) -> None:
    for number in (1, 2, 10, 9):
        frame = np.full((20, 30, 3), 20 * number, np.uint8)
        (tmp_path / f"shot{number}.jpg").write_bytes(encode_jpeg(frame))
    (tmp_path / "notes.txt").write_text("not an image")
    frames = list(open_source(str(tmp_path), fps=4.0))
    assert [time_s for time_s, _ in frames] == [0.0, 0.25, 0.5, 0.75]
    assert [round(frame.mean() / 20) for _, frame in frames] == [1, 2, 9, 10]


def test_a_damaged_image_in_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encode_jpeg(np.zeros((8, 8, 3), np.uint8))[:-20])
    error = error_of(str(tmp_path))
    assert error.code == "image-corrupt"
    assert "a.jpg" in error.message


def test_one_image_is_one_frame(tmp_path: Path) -> None:
    path = tmp_path / "one.jpg"
    path.write_bytes(encode_jpeg(np.zeros((8, 8, 3), np.uint8)))
    assert [time_s for time_s, _ in open_source(str(path))] == [0.0]


def test_what_is_no_source_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("hello")
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        silence.rate = 8000
        container.mux(stream.encode(silence))  # type: ignore[union-attr,arg-type]
    cases = {
        "nowhere.mp4": ("source-not-found", "nowhere.mp4 does not exist"),
        "gopher://camera/1": ("source-unsupported", "unknown scheme 'gopher'"),
        "world:cat": ("source-unsupported", "world:cat"),
        "world:1?minutes=2": ("source-unsupported", "world:1?minutes=2"),
        "world:1?seconds=0": ("source-unsupported", "seconds=0"),
        str(tmp_path / "empty"): ("source-unreadable", "no images"),
        str(tmp_path / "text.mp4"): ("source-unreadable", "text.mp4 can't be opened"),
        str(tmp_path / "sound.wav"): ("source-unreadable", "has no video track, only: audio"),
    }
    for uri, (code, message) in cases.items():
        error = error_of(uri)
        assert error.code == code, uri
        assert message in error.message
        assert error.action
    with pytest.raises(ValueError, match="positive"):
        open_source("world:1", fps=0)


def test_a_cut_file_gives_the_frames_before_the_cut(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mpegts") as out:
        stream = out.add_stream("libx264", rate=4)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"  # type: ignore[union-attr]
        for number in range(40):
            picture = np.full((48, 64, 3), 6 * number, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))  # type: ignore[union-attr,arg-type]
        out.mux(stream.encode(None))  # type: ignore[union-attr]
    path = tmp_path / "cut.ts"
    path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) * 2 // 3])
    frames = list(open_source(str(path), fps=4.0))
    assert 20 <= len(frames) < 40


@pytest.mark.parametrize(("degrees", "corner"), [(90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_telephone_videos_are_turned_upright(tmp_path: Path, degrees: int, corner: tuple[int, int]) -> None:
    frame = np.zeros((64, 96, 3), np.uint8)
    frame[:24, :24] = 255
    path = tmp_path / "phone.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=2)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"  # type: ignore[union-attr]
        out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))  # type: ignore[union-attr,arg-type]
        out.mux(stream.encode(None))  # type: ignore[union-attr]
    one, minus, zero = (number.to_bytes(4, "big", signed=True) for number in (0x10000, -0x10000, 0))
    clockwise = {90: (zero, one, minus, zero), 180: (minus, zero, zero, minus), 270: (zero, minus, one, zero)}
    a, b, c, d = clockwise[degrees]
    identity = one + zero * 3 + one
    data = path.read_bytes()
    at = data.index(identity, data.index(b"tkhd"))
    path.write_bytes(data[:at] + a + b + zero + c + d + data[at + len(identity) :])
    turned = next(iter(open_source(str(path)))).frame
    assert turned.shape[:2] == ((64, 96) if degrees == 180 else (96, 64))
    assert turned[corner].mean() > 200
    assert turned[0, 0].mean() < 50
