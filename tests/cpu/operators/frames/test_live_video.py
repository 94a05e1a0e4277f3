"""A live source over HTTP: real time, connecting again after a loss, giving up on wrong addresses."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import numpy as np
import pytest

from operators.errors import FrameError
from operators.frames import live_video
from operators.frames.encode import encode_jpeg
from operators.frames.source import open_source
from tests.support.footage import CARPHONE, footage


class Camera(BaseHTTPRequestHandler):
    """Serves motion JPEG at 20 frames a second and hangs up after 30 frames; also one finished file."""

    connections: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        if self.path == "/film.mp4":
            self.send_film(footage(CARPHONE).read_bytes())
            return
        self.connections.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for number in range(30):
            jpeg = encode_jpeg(np.full((48, 64, 3), 8 * number, np.uint8))
            part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (
                len(jpeg),
                jpeg,
            )
            self.wfile.write(part)
            time.sleep(0.05)

    def send_film(self, film: bytes) -> None:
        asked = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")
        first, last = int(asked[0]), int(asked[1] or len(film) - 1)
        part = film[first : last + 1]
        self.send_response(206)
        self.send_header("Content-Type", "video/mp4")
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Content-Range", f"bytes {first}-{last}/{len(film)}")
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def camera() -> Iterator[str]:
    Camera.connections.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Camera)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_camera_that_hangs_up_is_connected_again(camera: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_video, "FIRST_PAUSE_S", 0.05)
    stop = threading.Event()
    source = open_source(f"{camera}/live", fps=5.0, stop=stop)
    assert source.live
    started = time.monotonic()
    times = []
    for time_s, frame in source:
        assert frame.shape == (48, 64, 3)
        times.append(time_s)
        if time_s >= 3.0:
            stop.set()
    elapsed_s = time.monotonic() - started
    assert times == sorted(times)
    assert times[-1] <= elapsed_s + 0.2
    # The probe for a finished film, then one connection for every 30 frames.
    assert len(Camera.connections) >= 3


def test_a_finished_film_behind_http_is_not_live(camera: str) -> None:
    source = open_source(f"{camera}/film.mp4", fps=2.0)
    assert not source.live
    assert [time_s for time_s, _ in source] == [number / 2 for number in range(9)]


def test_an_address_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_video, "FIRST_DEADLINE_S", 0.2)
    monkeypatch.setattr(live_video, "FIRST_PAUSE_S", 0.05)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(FrameError, match="can't be opened") as caught:
        next(iter(open_source(f"rtsp://127.0.0.1:{port}/cam")))
    assert caught.value.code == "source-unreadable"


def test_a_device_that_is_no_camera_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_video, "FIRST_DEADLINE_S", 0.0)
    with pytest.raises(FrameError, match="/dev/null can't be opened"):
        next(iter(open_source("/dev/null")))


def test_a_stopped_source_ends_while_it_waits_for_its_camera() -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    started = time.monotonic()
    assert list(open_source("rtsp://127.0.0.1:1/cam", stop=stop)) == []
    assert time.monotonic() - started < 5.0
