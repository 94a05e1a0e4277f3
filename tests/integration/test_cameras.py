"""`flownar cameras`, and the follower that reads what it writes."""

import json
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from pipeline.cameras.follower import CameraFollower
from pipeline.config import Settings
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.messages.camera import CameraBook, CameraSettings
from pipeline.wire.topics import TopicNames
from tests.support.command_line import environment
from topologies.cli import build_app


def next_book(follower: CameraFollower) -> CameraBook:
    """The next book; the command has ended, so that it is there or is never."""
    for _ in range(100):
        book = follower.poll()
        if book is not None:
            return book
    raise AssertionError("no book came")


@pytest.fixture
def cameras(fresh_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Runs `flownar cameras`."""
    for name, value in environment(fresh_settings).items():
        monkeypatch.setenv(name, value)
    app = build_app()
    return lambda *arguments: CliRunner().invoke(app, ["cameras", *arguments], catch_exceptions=False)


def test_cameras_are_changed_while_a_follower_reads(
    fresh_settings: Settings, cameras: Callable[..., Result]
) -> None:
    follower = CameraFollower(fresh_settings)
    assert next_book(follower) == CameraBook()
    cameras("set", "*", "fps=1", "theta=0.7")
    assert next_book(follower).of("dock-7") == CameraSettings(fps=1, theta=0.7)
    cameras("set", "dock-7", "priority=9", "--prompt", "Tell what comes in.")
    own = CameraSettings(priority=9, fps=1, theta=0.7, prompt="Tell what comes in.")
    assert next_book(follower).of("dock-7") == own, "the default's are copied"
    cameras("disable", "dock-7")
    assert not next_book(follower).of("dock-7").enabled
    listed = json.loads(cameras("list", "--json").stdout)["cameras"]
    assert [row["camera"] for row in listed] == ["*", "dock-7"]
    assert listed[1]["settings"]["enabled"] == {"value": False, "from": "own"}
    assert listed[1]["settings"]["silent_after_s"] == {"value": 60.0, "from": "topology"}
    assert "dock-7" in cameras("list").stdout
    shown = json.loads(cameras("show", "gate", "--json").stdout)
    assert shown["settings"]["fps"] == {"value": 1, "from": "default"}
    cameras("unset", "dock-7")
    book = next_book(follower)
    assert (dict(book.cameras), book.of("dock-7").fps) == ({}, 1)

    topic = TopicNames.of(fresh_settings.kafka.prefix).cameras
    producer = IdempotentProducer(
        connection_kwargs(fresh_settings.kafka), client_id="test", max_record_bytes=10_000
    )
    producer.send(OutgoingRecord(topic, 0, b"gate", b'{"fps": "fast"}'))
    producer.send(OutgoingRecord(topic, 0, b"gate", b'{"fps": 3}'))
    producer.close()
    assert next_book(follower).of("gate").fps == 3
    (letter,) = follower.refused()
    assert (letter.key, letter.code, letter.topic) == (b"gate", "camera-invalid", topic)
    follower.close()
    again = CameraFollower(fresh_settings)
    assert next_book(again).cameras == {"gate": CameraSettings(fps=3)}
    again.close()


def test_bad_settings_are_refused_before_they_are_written(cameras: Callable[..., Result]) -> None:
    refused = cameras("set", "dock-7", "fsp=1")
    assert refused.exit_code == 2
    assert "did you mean fps" in refused.stderr
