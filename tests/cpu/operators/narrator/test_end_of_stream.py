from dataclasses import replace

import pytest

from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.settings import StreamSettings
from tests.support.tiny_narrator import NEVER, make_model, random_frames, run_stream


def test_an_end_without_a_frame_says_what_a_flagged_last_frame_would():
    model = make_model()
    settings = replace(StreamSettings.from_config(model.config), theta=NEVER, theta_low=NEVER)
    frames = list(random_frames(4, seed=5))
    flagged = run_stream(model, [*frames[:-1], replace(frames[-1], end_of_stream=True)], settings)
    wanted = flagged[-1].narration
    assert wanted is not None
    assert wanted.forced

    engine = NarratorEngine(model, num_slots=1)
    engine.open_stream("cam", settings)
    assert engine.end_stream("cam", 0) is None, "nothing was shown"
    for frame in frames:
        engine.step([frame])
    ended = engine.end_stream("cam", frames[-1].capture_time_ns)
    assert ended is not None
    assert ended.narration is not None
    assert ended.narration.p_skip != ended.narration.p_skip, "there is no decision"
    nan = {"p_skip": 0.0, "threshold": 0.0}
    assert replace(ended.narration, **nan) == replace(wanted, **nan)
    assert engine.end_stream("cam", 0) is None, "it is narrated"


def test_the_opening_alone_leaves_nothing_to_say():
    model = make_model()
    engine = NarratorEngine(model, num_slots=1)
    engine.open_stream("cam", StreamSettings.from_config(model.config))
    (outcome,) = engine.step(list(random_frames(1, seed=5)))
    assert outcome.narration is not None
    assert engine.end_stream("cam", outcome.narration.end_time_ns) is None


@pytest.mark.parametrize("num_frames", [3, 9])
def test_a_snapshot_before_the_end_changes_nothing(num_frames):
    model = make_model()
    settings = replace(StreamSettings.from_config(model.config), theta=NEVER, theta_low=NEVER)
    engine = NarratorEngine(model, num_slots=2)
    engine.open_stream("cam", settings)
    for frame in random_frames(num_frames, seed=7):
        engine.step([frame])
    snapshot = engine.snapshot("cam")
    wanted = engine.end_stream("cam", 9)
    engine.close_stream("cam")
    engine.open_stream("cam", settings, snapshot)
    again = engine.end_stream("cam", 9)
    assert (wanted is None) == (again is None)
    if wanted is not None and again is not None:
        assert wanted.narration is not None
        assert again.narration is not None
        assert again.narration.token_ids == wanted.narration.token_ids
