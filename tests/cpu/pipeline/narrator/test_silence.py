"""A camera is silent only where the reader knows that nothing of it is on its way."""

from __future__ import annotations

from random import Random
from types import SimpleNamespace

import pytest

from pipeline.kafka_io.records import Record
from pipeline.wire.frame_record import FrameHeaders, format_frame_headers
from tests.support.commit_model import TOPICS, World
from tests.support.toy_process import IMAGE, ToyProcess, decode_toy_image

SILENT_AFTER_S = 60.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    clock = SimpleNamespace(now_s=1000.0)
    times = SimpleNamespace(monotonic=lambda: clock.now_s)
    monkeypatch.setattr("pipeline.narrator.loop.time", times)
    monkeypatch.setattr("pipeline.narrator.owned_partition.time", times)
    monkeypatch.setattr("pipeline.reader.decoding.decode_image", decode_toy_image)
    return clock


@pytest.fixture
def process(clock: SimpleNamespace) -> ToyProcess:
    """It has got one frame of one camera at the beginning."""
    world = World()
    headers = format_frame_headers(FrameHeaders("image/jpeg", 1, 0, (10,)))
    world.broker.frames = [Record(TOPICS.frames, 0, 0, 0, b"a", IMAGE, headers)]
    process = ToyProcess(world, Random(0))
    process.run()
    return process


def is_silent(process: ToyProcess) -> bool:
    process.loop.step()
    return process.owned.streams["a"].is_silent


def test_a_camera_is_silent_when_the_reader_has_nothing_of_it_for_long(
    process: ToyProcess, clock: SimpleNamespace
) -> None:
    for seconds, expected in ((30.0, False), (29.0, False), (2.0, True)):
        clock.now_s += seconds
        process.owned.caught_up_s = clock.now_s
        assert is_silent(process) is expected


def test_a_frame_that_waits_for_its_encoder_breaks_a_silence(
    process: ToyProcess, clock: SimpleNamespace
) -> None:
    """The reader had read everything shortly before; since then its word is open."""
    clock.now_s += SILENT_AFTER_S - 1.0
    process.owned.caught_up_s = clock.now_s
    clock.now_s += 3.0
    assert not is_silent(process)


def test_nobody_is_silent_before_the_reader_said_anything(
    process: ToyProcess, clock: SimpleNamespace
) -> None:
    clock.now_s += 10 * SILENT_AFTER_S
    assert not is_silent(process)
