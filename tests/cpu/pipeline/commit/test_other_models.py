from __future__ import annotations

from collections import Counter

import pytest

from operators.narrator.types import FramePosition
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import BaseState, JournalSegment, StreamCheckpoint
from pipeline.commit.other_models import others_states, refuse_others_states
from pipeline.errors import OtherModelError

POSITION = FramePosition(3)
SAVED = BaseState(POSITION, True, None, BlobRef("k", "", 1))
SAID = (JournalSegment(POSITION, (1, 2)),)


def record(model: str, *, saved: bool = False, said: bool = False, ended: bool = False) -> StreamCheckpoint:
    base = SAVED if saved else BaseState.fresh(0)
    return StreamCheckpoint(model, base, POSITION, journal=SAID if said else (), ended=ended)


def test_living_states_of_other_models_are_counted() -> None:
    records = [
        record("ours", saved=True),
        record("old", saved=True),
        record("old", said=True),
        record("older", saved=True),
        # Nothing would be lost of these.
        record("old"),
        record("old", said=True, ended=True),
    ]
    assert others_states(records, "ours") == Counter({"old": 2, "older": 1})


def test_they_are_refused_with_a_way_out() -> None:
    refuse_others_states(Counter(), "ours")
    with pytest.raises(OtherModelError) as caught:
        refuse_others_states(Counter({"old": 2, "older": 1}), "ours")
    assert "3 streams" in caught.value.message
    assert "2 by model old, 1 by model older" in caught.value.message
    assert "ours" in caught.value.message
    assert "--accept-state-loss" in caught.value.action
    assert caught.value.exit_code == 3
