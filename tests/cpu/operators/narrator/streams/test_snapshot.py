"""A snapshot is complete: what continues from it gives the same bits."""

import itertools
from dataclasses import FrozenInstanceError, replace

import pytest
import torch

from operators.errors import EngineError
from operators.narrator.engine import NarratorEngine
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.snapshot import StreamSnapshot
from operators.narrator.types import FramePosition
from tests.support.tiny_narrator import ALWAYS, make_model, random_frames

NUM_FRAMES = 26
# Small enough for folds, a ring that drops narrations, and rebases within the test.
MODEL = make_model(max_trained_position=330, max_narration_tokens=60, max_segment_frames=3)
SETTINGS = StreamSettings.from_config(MODEL.config)


def numbers(outcome):
    """An outcome as comparable values; NaN of an opening aside."""
    narration = outcome.narration and (outcome.narration.token_ids, outcome.narration.start)
    p_skip = None if outcome.p_skip != outcome.p_skip else outcome.p_skip
    return p_skip, narration, outcome.folded, outcome.error


@pytest.mark.parametrize("retain", [None, 0, 2])
def test_continuing_from_any_frame_gives_the_same_bits(retain):
    settings = replace(SETTINGS, retain_narrations=retain)
    frames = list(random_frames(NUM_FRAMES, seed=8))
    engine = NarratorEngine(MODEL, num_slots=3)
    engine.open_stream("cam", settings)
    snapshots, expected, next_positions = [engine.snapshot("cam")], [], []
    for frame in frames:
        expected.append(numbers(engine.step([frame])[0]))
        snapshots.append(engine.snapshot("cam"))
        next_positions.append(snapshots[-1].next_position)
    assert sum(folded for _, _, folded, _ in expected) > 0
    assert any(after < before for before, after in itertools.pairwise(next_positions))
    for start, snapshot in enumerate(snapshots):
        restored = StreamSnapshot.from_bytes(snapshot.to_bytes())
        assert restored.position == (FramePosition(start - 1) if start else None)
        resumed = NarratorEngine(MODEL, num_slots=2)
        resumed.open_stream("other", SETTINGS)  # so that the slot differs
        resumed.open_stream("cam", settings, restored)
        assert same(resumed.snapshot("cam"), snapshot)
        assert [numbers(resumed.step([frame])[0]) for frame in frames[start:]] == expected[start:]


def same(one, other):
    tensors = [{"keys": x.keys, "values": x.values, **x.memory} for x in (one, other)]
    plain = [replace(x, memory=None, keys=None, values=None) for x in (one, other)]
    same_tensors = all(torch.equal(t, tensors[1][name]) for name, t in tensors[0].items())
    return plain[0] == plain[1] and same_tensors and tensors[0].keys() == tensors[1].keys()


def test_a_snapshot_does_not_change_when_the_stream_goes_on():
    engine = NarratorEngine(MODEL, num_slots=1)
    engine.open_stream("cam", SETTINGS)
    frames = list(random_frames(9, seed=8))
    for frame in frames[:5]:
        engine.step([frame])
    snapshot = engine.snapshot("cam")
    before = snapshot.to_bytes()
    for frame in frames[5:]:
        engine.step([frame])
    assert snapshot.to_bytes() == before
    with pytest.raises(FrozenInstanceError):
        snapshot.segment = 3


def taken():
    engine = NarratorEngine(MODEL, num_slots=1)
    engine.open_stream("cam", SETTINGS)
    for frame in random_frames(5, seed=8):
        engine.step([frame])
    return engine.snapshot("cam")


@pytest.mark.parametrize("spoil", [lambda d: b"", lambda d: b"x" * 40, lambda d: d[:-9], lambda d: d[:200]])
def test_damaged_bytes_are_refused(spoil):
    with pytest.raises(EngineError, match="no snapshot of a stream"):
        StreamSnapshot.from_bytes(spoil(taken().to_bytes()))


def test_other_safetensors_and_other_versions_are_refused():
    from safetensors.torch import save

    with pytest.raises(EngineError, match="no snapshot"):
        StreamSnapshot.from_bytes(save({"keys": torch.zeros(1)}))
    data = taken().to_bytes().replace(b'\\"format\\":3', b'\\"format\\":7')
    with pytest.raises(EngineError, match="has format 7"):
        StreamSnapshot.from_bytes(data)


def test_a_snapshot_of_something_else_is_refused_and_the_slot_stays_free():
    snapshot = taken()
    engine = NarratorEngine(replace(MODEL, model_hash="a" * 16), num_slots=1)
    cases = [
        (replace(snapshot, model_hash="b" * 16), SETTINGS, "belongs to model bbbb"),
        (snapshot, replace(SETTINGS, prompt="Other."), "belongs to prompt None"),
        (snapshot, replace(SETTINGS, history="none"), "belongs to history"),
        (
            replace(snapshot, memory={"state": snapshot.memory["state"][..., :1]}),
            SETTINGS,
            "none of the history",
        ),
        (replace(snapshot, memory={}), SETTINGS, "none of the history"),
        (replace(snapshot, rules="released_live"), SETTINGS, "belongs to the rules 'released_live'"),
        (replace(snapshot, keys=snapshot.keys[:, :-1]), SETTINGS, "other sizes"),
    ]
    for wrong, settings, message in cases:
        with pytest.raises(EngineError, match=message):
            engine.open_stream("cam", settings, wrong)
    engine.open_stream("cam", SETTINGS, replace(snapshot, model_hash="a" * 16))
    assert engine.snapshot("cam").segment == snapshot.segment


def test_thresholds_may_change_on_the_way():
    engine = NarratorEngine(MODEL, num_slots=1)
    snapshot = taken()
    engine.open_stream("cam", replace(SETTINGS, theta=ALWAYS, theta_low=ALWAYS), snapshot)
    frames = list(random_frames(9, seed=8))[5:]
    assert all(engine.step([frame])[0].narration for frame in frames)
