"""The engine from outside: openings, ends, folds, replays, refusals."""

import itertools
import math
from dataclasses import replace

import pytest
import torch

from operators.errors import EngineError, LayoutError
from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FrameInput, FramePosition, ReplayedDecision
from tests.support.tiny_narrator import ALWAYS, NEVER, make_model, random_frames, run_stream


@pytest.fixture
def settings(config):
    return StreamSettings.from_config(config)


def silent(settings):
    """Settings under which the model never chooses to speak."""
    return replace(settings, theta=NEVER, theta_low=NEVER)


def test_the_first_frame_narrates_and_segments_follow(model, settings):
    frames = list(random_frames(40, seed=5))
    outcomes = run_stream(model, frames, settings)
    opening = outcomes[0]
    assert math.isnan(opening.p_skip)
    assert math.isnan(opening.threshold)
    assert (opening.narration.segment, opening.narration.forced) == (0, True)
    narrations = [outcome.narration for outcome in outcomes if outcome.narration]
    assert len(narrations) > 5
    assert [n.segment for n in narrations] == list(range(len(narrations)))
    for before, after in itertools.pairwise(narrations):
        assert after.start.offset == before.end.offset + 1
        assert after.start_time_ns == before.end_time_ns + 500_000_000
    for outcome in outcomes[1:]:
        assert (outcome.narration is not None) == (outcome.p_skip <= outcome.threshold)
        elapsed = [n.end_time_ns for n in narrations if n.end < outcome.position][-1]
        waited_s = outcome.position.offset / 2 - elapsed / 1e9
        assert outcome.threshold == (settings.theta if waited_s > 1.25 else settings.theta_low)
    for narration in narrations:
        assert narration.token_ids[-1] == model.layout.end_of_turn
        assert len(narration.token_ids) <= settings.max_new_tokens
        assert narration.text == model.layout.decode(narration.token_ids)
    assert {len(n.token_ids) for n in narrations} >= {settings.max_new_tokens}


def test_the_last_frame_is_narrated(model, settings):
    frames = list(random_frames(4, seed=5))
    frames[-1] = replace(frames[-1], end_of_stream=True)
    outcomes = run_stream(model, frames, silent(settings))
    assert [outcome.narration is not None for outcome in outcomes] == [True, False, False, True]
    last = outcomes[-1].narration
    assert (last.forced, last.start.offset, last.end.offset) == (True, 1, 3)
    assert 0 < last.p_skip <= 1
    assert last.threshold == NEVER


def test_a_stream_of_one_frame_gets_its_opening_only(model, settings):
    frame = replace(next(random_frames(1, seed=5)), end_of_stream=True)
    (outcome,) = run_stream(model, [frame], settings)
    assert outcome.narration.segment == 0


def test_a_long_segment_folds_and_its_narration_covers_it(model, settings):
    frames = list(random_frames(14, seed=5))
    frames[-1] = replace(frames[-1], end_of_stream=True)
    outcomes = run_stream(model, frames, silent(settings))
    assert [n for n, outcome in enumerate(outcomes) if outcome.folded] == [5, 10]
    assert [n for n, outcome in enumerate(outcomes) if outcome.narration] == [0, 13]
    last = outcomes[-1].narration
    assert (last.segment, last.start.offset, last.end.offset) == (1, 1, 13)


def test_replay_repeats_decisions_and_cache(model, settings):
    frames = list(random_frames(30, seed=6))
    outcomes = run_stream(model, frames, settings)
    replayed = [
        replace(frame, replay=ReplayedDecision(o.narration.token_ids if o.narration else None))
        for frame, o in zip(frames, outcomes, strict=True)
    ]
    other = replace(settings, theta=ALWAYS, theta_low=ALWAYS)  # would speak at every frame
    again = run_stream(model, replayed[:20] + frames[20:], replace(other, theta=settings.theta))
    for before, after in zip(outcomes[:20], again[:20], strict=True):
        assert after.replayed
        assert after.folded == before.folded
        assert (after.narration is None) == (before.narration is None)
        if before.narration:
            assert after.narration.token_ids == before.narration.token_ids
            assert after.narration.text == before.narration.text
            assert after.narration.start == before.narration.start
        if before is not outcomes[0]:
            assert after.p_skip == before.p_skip  # same batch, same numbers
    assert not again[20].replayed
    assert again[20].p_skip == outcomes[20].p_skip


def test_another_decision_can_be_forced(model, settings):
    frames = list(random_frames(6, seed=6))
    tokens = model.layout.narration("hi")
    frames[3] = replace(frames[3], replay=ReplayedDecision(tokens))
    frames[4] = replace(frames[4], replay=ReplayedDecision(None))
    frames[5] = replace(frames[5], end_of_stream=True)
    outcomes = run_stream(model, frames, replace(settings, theta=ALWAYS, theta_low=ALWAYS))
    assert outcomes[3].narration.text == "hi"
    assert outcomes[3].narration.forced is False
    assert outcomes[4].narration is None
    assert outcomes[5].narration.start.offset == 4


BAD = {
    "nan": (
        lambda f: replace(f, features=f.features.index_fill(0, torch.tensor(1), torch.nan)),
        "not finite",
    ),
    "infinite": (lambda f: replace(f, features=f.features / 0), "not finite"),
    "huge": (lambda f: replace(f, features=f.features * 1e9), "too large"),
    "width": (lambda f: replace(f, features=f.features[:, :-1]), r"\[3, 16\], got torch.float32 \[3, 15\]"),
    "tokens": (lambda f: replace(f, features=f.features[:2]), r"\[2, 16\]"),
    "integers": (lambda f: replace(f, features=f.features.long()), "int64"),
    "position": (lambda f: replace(f, position=FramePosition(2, 0)), "does not follow"),
    "replay without end": (lambda f: replace(f, replay=ReplayedDecision((5, 6))), "end of turn"),
    "replay of nothing": (lambda f: replace(f, replay=ReplayedDecision(())), "end of turn"),
    "replay too long": (lambda f: replace(f, replay=ReplayedDecision((5,) * 9)), "9 tokens"),
    "replay of another model": (lambda f: replace(f, replay=ReplayedDecision((999, 257))), "vocabulary"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_frame_is_refused_alone(model, settings, name):
    spoil, message = BAD[name]
    engine = NarratorEngine(model, num_slots=2)
    undisturbed = NarratorEngine(model, num_slots=2)
    for each in (engine, undisturbed):
        each.open_stream("good", settings)
        each.open_stream("bad", settings)
    good, bad = (
        list(random_frames(8, seed=seed, stream=stream)) for seed, stream in ((1, "good"), (2, "bad"))
    )
    for number in range(8):
        if number == 3:
            refused, taken = engine.step([spoil(bad[number]), good[number]])
            (expected,) = undisturbed.step([good[number]])
            assert refused.narration is None
            assert math.isnan(refused.p_skip)
            with pytest.raises(AssertionError, match=message):
                raise AssertionError(refused.error)
            assert taken == expected
        else:
            outcomes = engine.step([bad[number], good[number]])
            expected = undisturbed.step([bad[number], good[number]])
            assert [o.narration for o in outcomes[: number and 2]] == [
                o.narration for o in expected[: number and 2]
            ]
            assert all(o.error is None for o in outcomes)


def test_an_opening_can_not_be_replayed_as_skipped(model, settings):
    frame = replace(next(random_frames(1, seed=0)), replay=ReplayedDecision(None))
    (outcome,) = run_stream(model, [frame], settings)
    assert "opening" in outcome.error


def test_a_step_of_bad_frames_only_and_an_empty_step(model, settings):
    engine = NarratorEngine(model, num_slots=1)
    engine.open_stream("cam", settings)
    assert engine.step([]) == []
    frame = next(random_frames(1, seed=0))
    (outcome,) = engine.step([replace(frame, features=torch.full((3, 16), torch.nan))])
    assert "finite" in outcome.error


def test_wrong_calls_are_refused(model, settings):
    engine = NarratorEngine(model, num_slots=1)
    frame = next(random_frames(1, seed=0))
    with pytest.raises(EngineError, match="cam is not open"):
        engine.step([frame])
    engine.open_stream("cam", settings)
    assert engine.streams == {"cam"}
    with pytest.raises(EngineError, match="open already"):
        engine.open_stream("cam", settings)
    with pytest.raises(EngineError, match="slots are taken"):
        engine.open_stream("other", settings)
    with pytest.raises(EngineError, match="at most one frame"):
        engine.step([frame, replace(frame, position=FramePosition(1))])
    engine.close_stream("cam")
    assert engine.streams == frozenset()
    for call in (engine.close_stream, engine.snapshot):
        with pytest.raises(EngineError, match="not open"):
            call("cam")


def test_settings_that_do_not_fit_are_refused_and_leave_the_slot_free(model, settings):
    engine = NarratorEngine(model, num_slots=1)
    for name in ("max_new_tokens", "max_segment_frames", "max_narration_tokens"):
        with pytest.raises(EngineError, match=f"{name} is 5000"):
            engine.open_stream("cam", replace(settings, **{name: 5000}))
    with pytest.raises(EngineError, match="the prompt takes"):
        engine.open_stream("cam", replace(settings, prompt="word " * 100))
    with pytest.raises(LayoutError, match="pecial tokens"):
        engine.open_stream("cam", replace(settings, prompt="<eos>"))
    engine.open_stream("cam", settings)


def test_a_model_with_too_few_positions_is_refused():
    model = make_model(max_trained_position=120)
    engine = NarratorEngine(model, num_slots=1)
    with pytest.raises(EngineError, match="prompt and one segment take"):
        engine.open_stream("cam", StreamSettings.from_config(model.config))


def test_a_closed_stream_starts_anew_in_its_slot(model, settings):
    frames = list(random_frames(12, seed=3))
    engine = NarratorEngine(model, num_slots=1)
    runs = []
    for _ in range(2):
        engine.open_stream("cam", settings)
        runs.append([engine.step([frame])[0] for frame in frames])
        engine.close_stream("cam")
    assert runs[0][1:] == runs[1][1:]
    assert runs[0][0].narration.token_ids == runs[1][0].narration.token_ids


def test_prompt_and_history_change_the_numbers(model, settings):
    frames = list(random_frames(12, seed=3))
    plain = run_stream(model, frames, settings)[1].p_skip
    assert run_stream(model, frames, replace(settings, prompt="Speak up."))[1].p_skip != plain
    assert run_stream(model, frames, replace(settings, history="none"))[1].p_skip != plain
    same = replace(settings, prompt=model.layout.default_prompt)
    assert run_stream(model, frames, same)[1].p_skip == plain


def test_features_of_any_floating_dtype_are_taken(model, settings):
    frames = [replace(f, features=f.features.to(torch.bfloat16)) for f in random_frames(3, seed=3)]
    widened = [replace(f, features=f.features.float()) for f in frames]
    assert run_stream(model, frames, settings)[1:] == run_stream(model, widened, settings)[1:]


def test_a_bfloat16_decoder_narrates():
    model = make_model(dtype=torch.bfloat16)
    model.memory.float()
    outcomes = run_stream(model, list(random_frames(12, seed=3)))
    assert all(0 <= outcome.p_skip <= 1 for outcome in outcomes[1:])


def test_positions_inside_a_record_count(model, settings):
    engine = NarratorEngine(model, num_slots=1)
    engine.open_stream("cam", settings)
    features = torch.zeros(3, 16)
    for number, position in enumerate(
        [FramePosition(0), FramePosition(0, 1), FramePosition(4), FramePosition(4, 1)]
    ):
        (outcome,) = engine.step([FrameInput("cam", position, number, features)])
        assert outcome.error is None
