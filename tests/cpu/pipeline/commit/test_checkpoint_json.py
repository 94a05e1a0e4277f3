"""Checkpoint records survive their JSON, and nothing else is taken for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.narrator.types import FramePosition
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_json import decode_owner, decode_partition, decode_stream, encode
from pipeline.commit.checkpoint_record import (
    BaseState,
    JournalSegment,
    OwnerRecord,
    PartitionCheckpoint,
    StreamCheckpoint,
)
from pipeline.errors import CheckpointRecordError
from pipeline.messages.events import FrameRange
from pipeline.reader.admission import AdmissionState

LARGE = 2**63 - 1
NUMBERS = st.integers(0, LARGE)
POSITIONS = st.builds(FramePosition, st.integers(-1, LARGE), st.integers(0, 1000))
ADMISSIONS = st.builds(
    AdmissionState,
    NUMBERS,
    NUMBERS,
    st.integers(1, 2**64 - 1),
    st.none() | NUMBERS,
    st.none() | NUMBERS,
    st.booleans(),
)
BLOBS = st.builds(BlobRef, st.text(), st.text(), NUMBERS)
SETTINGS = st.none() | st.text()
BASES = st.builds(BaseState, POSITIONS, st.booleans(), st.none() | ADMISSIONS, st.none() | BLOBS, SETTINGS)
SEGMENTS = st.builds(JournalSegment, POSITIONS, st.lists(st.integers(0, 200_000)).map(tuple), SETTINGS)
RANGES = st.builds(FrameRange, POSITIONS, POSITIONS, NUMBERS)
STREAMS = st.builds(
    StreamCheckpoint,
    model_hash=st.text(),
    base=BASES,
    narrated_through=POSITIONS,
    previous=st.none() | BASES,
    journal=st.lists(SEGMENTS, max_size=4).map(tuple),
    admission=st.none() | ADMISSIONS,
    next_event=NUMBERS,
    dead_lettered_through=st.integers(-1, LARGE),
    replay_from=st.none() | NUMBERS,
    ended=st.booleans(),
    told_through=POSITIONS,
    silent_since_ns=st.none() | NUMBERS,
    left_out=st.lists(RANGES, max_size=4).map(tuple),
    left_out_through=POSITIONS,
)


@given(STREAMS)
def test_a_stream_survives(record: StreamCheckpoint) -> None:
    assert decode_stream(encode(record)) == record


@given(st.builds(PartitionCheckpoint, NUMBERS, st.integers(-1, LARGE)))
def test_a_partition_survives(record: PartitionCheckpoint) -> None:
    assert decode_partition(encode(record)) == record


@given(st.builds(OwnerRecord, NUMBERS, st.text(), NUMBERS))
def test_an_owner_survives(record: OwnerRecord) -> None:
    assert decode_owner(encode(record)) == record


def test_how_a_stream_is_written() -> None:
    record = StreamCheckpoint(
        "m",
        BaseState(FramePosition(7, 1), False, AdmissionState(5, 3, 15, 9, 8, True), BlobRef("key", "ab", 9)),
        FramePosition(4),
        BaseState(FramePosition(2), True),
        (JournalSegment(FramePosition(4), (1, 2), "{}"),),
        AdmissionState(5, 2, 7),
        next_event=3,
        dead_lettered_through=6,
        told_through=FramePosition(5, -1),
        silent_since_ns=2**60,
        left_out=(FrameRange(FramePosition(3), FramePosition(4, 1), 2),),
        left_out_through=FramePosition(4, 1),
    )
    assert json.loads(encode(record)) == {
        "v": 2,
        "model_hash": "m",
        "base": {
            "position": [7, 1],
            "complete": False,
            "admission": {
                "epoch": 5,
                "sequence": 3,
                "seen": "f",
                "last_capture_ns": "9",
                "last_append_ms": 8,
                "ended": True,
            },
            "blob": {"key": "key", "sha256": "ab", "size_bytes": 9},
            "settings": None,
        },
        "narrated_through": [4, 0],
        "previous": {"position": [2, 0], "complete": True, "admission": None, "blob": None, "settings": None},
        "journal": [{"end": [4, 0], "token_ids": [1, 2], "settings": "{}"}],
        "admission": {
            "epoch": 5,
            "sequence": 2,
            "seen": "7",
            "last_capture_ns": None,
            "last_append_ms": None,
            "ended": False,
        },
        "next_event": 3,
        "dead_lettered_through": 6,
        "replay_from": None,
        "ended": False,
        "told_through": [5, -1],
        "silent_since_ns": "1152921504606846976",
        "left_out": [[3, 0, 4, 1, 2]],
        "left_out_through": [4, 1],
    }


def test_a_record_of_version_1_is_read_and_nothing_of_it_was_told() -> None:
    old = {
        "v": 1,
        "model_hash": "m",
        "base": {"position": [7, 1], "complete": False, "admission": None, "blob": None},
        "narrated_through": [4, 0],
        "previous": None,
        "journal": [{"end": [4, 0], "token_ids": [1, 2]}],
        "admission": None,
        "next_event": 3,
        "dead_lettered_through": 6,
        "replay_from": None,
        "ended": False,
    }
    record = decode_stream(json.dumps(old).encode())
    assert (record.told_through, record.decided_through) == (FramePosition(4), FramePosition(4))
    assert (record.left_out, record.silent_since_ns, record.base.settings) == ((), None, None)


WHOLE: dict[str, Any] = json.loads(encode(StreamCheckpoint.new("m", 0)))


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        json.dumps({**WHOLE, "v": 3}).encode(),
        json.dumps({**WHOLE, "v": True}).encode(),
        json.dumps({**WHOLE, "new_field": 1}).encode(),
        json.dumps({key: value for key, value in WHOLE.items() if key != "replay_from"}).encode(),
        json.dumps({**WHOLE, "next_event": "3"}).encode(),
        json.dumps({**WHOLE, "next_event": 3.0}).encode(),
        json.dumps({**WHOLE, "next_event": None}).encode(),
        json.dumps({**WHOLE, "ended": 0}).encode(),
        json.dumps({**WHOLE, "base": None}).encode(),
        json.dumps({**WHOLE, "base": {**WHOLE["base"], "position": [1]}}).encode(),
        json.dumps({**WHOLE, "base": {**WHOLE["base"], "position": [1, True]}}).encode(),
        json.dumps({**WHOLE, "base": {**WHOLE["base"], "extra": 1}}).encode(),
        json.dumps({**WHOLE, "journal": [{"end": [1, 0], "token_ids": ["a"]}]}).encode(),
        json.dumps({**WHOLE, "admission": {"epoch": 1}}).encode(),
    ],
)
def test_anything_else_is_refused_with_what_to_do(value: bytes) -> None:
    with pytest.raises(CheckpointRecordError) as caught:
        decode_stream(value)
    assert "version" in caught.value.action
