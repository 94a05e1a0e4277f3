"""Narrating in one process."""

import numpy as np
import pytest

from operators.errors import EngineError
from operators.frames.source import TimedFrame, open_source
from pipeline.config import NarratorSettings
from tests.support.tiny_model import write_tiny_model
from topologies.local import LocalNarrator, caption_of

SOURCE = "world:200000?seconds=30"


@pytest.fixture(scope="module")
def narrator(tmp_path_factory):
    return LocalNarrator.load(write_tiny_model(tmp_path_factory.mktemp("model")), NarratorSettings(), "cpu")


@pytest.fixture(scope="module")
def frames(narrator):
    return list(open_source(SOURCE, narrator.settings.fps, size=narrator.image_size))


def said(narrator, frames, *, live):
    return [f.narration for f in narrator.narrate(frames, live=live) if f.narration is not None]


def test_every_frame_goes_through_and_the_last_segment_is_narrated(narrator, frames):
    narrated = list(narrator.narrate(frames, live=False))
    assert [frame.time_s for frame in narrated] == [frame.time_s for frame in frames]
    narrations = [frame.narration for frame in narrated if frame.narration is not None]
    assert len(narrations) > 2
    assert narrated[-1].narration is not None
    assert [n.segment for n in narrations] == list(range(len(narrations)))
    caption = caption_of(narrations[1])
    assert (caption.start_s, caption.end_s) == (
        narrations[1].start_time_ns / 1e9,
        narrations[1].end_time_ns / 1e9,
    )


def test_a_live_source_is_narrated_alike_and_never_ends_by_itself(narrator, frames):
    steady = said(narrator, frames, live=False)
    live = said(narrator, frames, live=True)
    assert [(n.token_ids, n.end) for n in live] == [(n.token_ids, n.end) for n in steady[: len(live)]]
    assert len(steady) - len(live) == int(steady[-1].forced)


def test_narrations_come_before_a_live_source_goes_on(narrator, frames):
    taken = 0

    def counted():
        nonlocal taken
        for frame in frames:
            taken += 1
            yield frame

    for number, _ in enumerate(narrator.narrate(counted(), live=True), start=1):
        assert taken == number


@pytest.mark.parametrize("count", [0, 1, 8, 9, 16, 17])
def test_the_last_frame_is_known_however_frames_are_grouped(narrator, frames, count):
    narrated = list(narrator.narrate(iter(frames[:count]), live=False))
    assert len(narrated) == count
    assert count == 0 or narrated[-1].narration is not None


def test_settings_change_the_stream(tmp_path):
    path = write_tiny_model(tmp_path / "model")
    settings = NarratorSettings(theta=1 - 1e-9, theta_low=1 - 1e-9, prompt="Speak.")
    narrator = LocalNarrator.load(path, settings, "cpu")
    picture = np.zeros((narrator.image_size, narrator.image_size, 3), np.uint8)
    frames = [TimedFrame(number / 2, picture) for number in range(4)]
    assert len(said(narrator, frames, live=True)) == 4


def test_a_refused_frame_is_told(narrator, frames):
    spoiled = [frames[0], frames[1]._replace(frame=np.full_like(frames[1].frame, 255))]
    encode = narrator._encoder.encode
    narrator._encoder.encode = lambda pictures: encode(pictures) * float("nan")
    try:
        with pytest.raises(EngineError, match=r"frame 0 at 0.00 s: features hold"):
            list(narrator.narrate(spoiled, live=True))
    finally:
        narrator._encoder.encode = encode
    assert len(list(narrator.narrate(frames[:2], live=True))) == 2
