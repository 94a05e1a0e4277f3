"""Settings of a stream change between two segments; the memory goes on."""

import math
from dataclasses import replace

import pytest

from operators.errors import EngineError
from operators.narrator.engine import NarratorEngine
from operators.narrator.model import NarratorModel
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FrameInput, FrameOutcome
from tests.support.tiny_narrator import ALWAYS, NEVER, make_model, random_frames, run_stream

FRAMES = list(random_frames(12, seed=3))


def silent(model: NarratorModel) -> StreamSettings:
    return replace(StreamSettings.from_config(model.config), theta=NEVER, theta_low=NEVER)


def talkative(model: NarratorModel) -> StreamSettings:
    return replace(StreamSettings.from_config(model.config), theta=ALWAYS, theta_low=ALWAYS)


def show(engine: NarratorEngine, frames: list[FrameInput]) -> list[FrameOutcome]:
    return [engine.step([frame])[0] for frame in frames]


def opened(model: NarratorModel, settings: StreamSettings) -> NarratorEngine:
    engine = NarratorEngine(model, num_slots=2)
    engine.open_stream("cam", settings)
    return engine


def test_thresholds_count_from_the_next_segment_on():
    model = make_model()
    engine = opened(model, talkative(model))
    show(engine, FRAMES[:3])
    engine.change_settings("cam", silent(model))
    outcomes = show(engine, FRAMES[3:6])
    assert engine.settings("cam") == silent(model)
    assert [outcome.narration for outcome in outcomes] == [None] * 3
    assert {outcome.threshold for outcome in outcomes} == {NEVER}


def test_fewer_kept_narrations_are_as_if_no_more_had_ever_been_kept_from_here_on():
    model = make_model()
    engine = opened(model, talkative(model))
    show(engine, FRAMES[:5])
    before = engine.num_cached_tokens("cam")
    engine.change_settings("cam", replace(talkative(model), retain_narrations=1))
    assert engine.num_cached_tokens("cam") < before


def test_another_prompt_opens_the_context_anew_and_keeps_the_memory():
    model = make_model()
    engine = opened(model, talkative(model))
    show(engine, FRAMES[:4])
    memory = engine.snapshot("cam").memory
    asked = replace(talkative(model), prompt="Only cars.")
    engine.change_settings("cam", asked)
    kept = engine.snapshot("cam")
    assert all((kept.memory[name] == tensor).all() for name, tensor in memory.items())
    assert (kept.prompt, kept.narrations, kept.visual) == ((), (), ())
    (outcome,) = show(engine, FRAMES[4:5])
    assert outcome.narration is not None
    assert outcome.narration.segment == 4
    assert outcome.narration.forced
    # The first frame is narrated as a new stream would narrate it: it is shown no memory.
    (alone,) = run_stream(model, [FRAMES[4]], asked)
    assert outcome.narration.token_ids == alone.narration.token_ids
    # The second one is shown what the stream remembers from before.
    later = show(engine, FRAMES[5:6])[0]
    forgetful = run_stream(model, FRAMES[4:6], asked)[1]
    assert later.p_skip != forgetful.p_skip


def test_a_snapshot_right_behind_the_change_goes_on_like_the_stream():
    model = make_model()
    engine = opened(model, talkative(model))
    show(engine, FRAMES[:4])
    asked = replace(talkative(model), prompt="Only cars.")
    engine.change_settings("cam", asked)
    snapshot = engine.snapshot("cam")
    wanted = show(engine, FRAMES[4:9])
    engine.close_stream("cam")
    engine.open_stream("cam", snapshot.settings, type(snapshot).from_bytes(snapshot.to_bytes()))
    again = show(engine, FRAMES[4:9])
    assert [o.narration and o.narration.token_ids for o in again] == [
        o.narration and o.narration.token_ids for o in wanted
    ]


def test_another_history_begins_empty():
    model = make_model()
    engine = NarratorEngine(model, num_slots=1, histories=["none"])
    engine.open_stream("cam", talkative(model))
    show(engine, FRAMES[:4])
    engine.change_settings("cam", replace(talkative(model), history="none"))
    show(engine, FRAMES[4:6])
    fresh = NarratorEngine(model, num_slots=1, histories=["none"])
    fresh.open_stream("cam", replace(talkative(model), history="none"))
    assert engine.snapshot("cam").memory.keys() == fresh.snapshot("cam").memory.keys()


def test_within_a_segment_nothing_changes():
    model = make_model()
    engine = opened(model, silent(model))
    show(engine, FRAMES[:2])
    assert engine.has_open_segment("cam")
    with pytest.raises(EngineError, match="within a segment"):
        engine.change_settings("cam", talkative(model))
    assert engine.settings("cam") == silent(model)


def test_a_prompt_that_does_not_fit_changes_nothing():
    model = make_model()
    engine = opened(model, talkative(model))
    show(engine, FRAMES[:2])
    with pytest.raises(EngineError, match="prompt takes"):
        engine.change_settings("cam", replace(talkative(model), prompt="x" * 5000))
    assert engine.settings("cam") == talkative(model)
    assert show(engine, FRAMES[2:3])[0].narration is not None


def test_a_narration_tells_its_frames_and_how_close_its_decisions_were():
    model = make_model()
    settings = replace(silent(model), theta=0.3, theta_low=0.3)
    outcomes = run_stream(model, [*FRAMES[:-1], replace(FRAMES[-1], end_of_stream=True)], settings)
    segment: list[FrameOutcome] = []
    narrations = 0
    for outcome in outcomes:
        segment.append(outcome)
        if outcome.narration is not None:
            narrations += 1
            margins = [abs(o.p_skip - o.threshold) for o in segment if not math.isnan(o.p_skip)]
            assert outcome.narration.num_frames == len(segment)
            assert outcome.narration.p_skip_margin == min(margins, default=math.inf)
            assert 0 < outcome.narration.logit_margin < math.inf
            segment.clear()
    assert narrations > 1


def test_folded_frames_count_among_the_frames_of_the_segment():
    model = make_model()
    frames = [*FRAMES[:7], replace(FRAMES[7], end_of_stream=True)]
    outcomes = run_stream(model, frames, replace(silent(model), max_segment_frames=3))
    assert any(outcome.folded for outcome in outcomes)
    assert outcomes[-1].narration.num_frames == 7


def test_a_snapshot_carries_how_close_the_open_segments_decisions_were():
    model = make_model()
    engine = opened(model, silent(model))
    show(engine, FRAMES[:4])
    snapshot = engine.snapshot("cam")
    engine.close_stream("cam")
    engine.open_stream("cam", silent(model), snapshot)
    ended = engine.end_stream("cam", 9)
    (_, *shown) = run_stream(model, FRAMES[:4], silent(model))
    assert ended.narration.p_skip_margin == min(abs(o.p_skip - NEVER) for o in shown)
