import json
from dataclasses import replace
from math import inf, isnan, nan
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.narrator.types import FramePosition, Narration
from pipeline.errors import WireError
from pipeline.wire.narration_event import (
    NARRATION_TYPE,
    NarrationEvent,
    decode_narration,
    encode_narration,
)
from pipeline.wire.schemas import load_schema
from tests.support.stream_events import MARGINS, NAMES, POSITIONS, PROBABILITIES, TIMES

NARRATIONS = st.builds(
    Narration,
    segment=st.integers(0, 10**9),
    start=POSITIONS,
    end=POSITIONS,
    start_time_ns=TIMES,
    end_time_ns=TIMES,
    text=st.text(max_size=60).filter(lambda text: text.isprintable()),
    token_ids=st.lists(st.integers(0, 200_000), max_size=30).map(tuple),
    p_skip=PROBABILITIES,
    threshold=PROBABILITIES,
    forced=st.booleans(),
    num_frames=st.integers(1, 10**6),
    p_skip_margin=MARGINS,
    logit_margin=MARGINS,
)

EVENTS = st.builds(
    NarrationEvent,
    application=NAMES,
    stream=NAMES,
    epoch=st.integers(0, 2**62),
    number=st.integers(0, 2**40),
    narration=NARRATIONS,
    source_topic=NAMES,
    source_partition=st.integers(0, 10_000),
    model_id=NAMES,
    model_hash=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    prompt_version=NAMES,
)

EVENT = NarrationEvent(
    application="live",
    stream="cam-1",
    epoch=1_767_323_045_000_000_006,
    number=3,
    narration=Narration(
        segment=2,
        start=FramePosition(10, 0),
        end=FramePosition(14, 1),
        start_time_ns=1_000_000_000,
        end_time_ns=3_500_000_000,
        text="picks up the red cup",
        token_ids=(5, 6, 7),
        p_skip=0.25,
        threshold=0.5,
        forced=False,
        num_frames=5,
        p_skip_margin=0.125,
        logit_margin=1.5,
    ),
    source_topic="flownar.frames",
    source_partition=1,
    model_id="world",
    model_hash="0123456789abcdef",
    prompt_version="1",
)


def schema_errors(data: Any) -> list[str]:
    schema = load_schema(NARRATION_TYPE)
    jsonschema.Draft202012Validator.check_schema(schema)
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(data)]


@given(EVENTS)
def test_narrations_survive_the_way_to_kafka_and_back(event: NarrationEvent) -> None:
    value, headers = encode_narration(event)
    assert decode_narration(value, headers) == event
    assert schema_errors(json.loads(value)) == []


def test_what_a_service_sees() -> None:
    value, headers = encode_narration(EVENT)
    assert dict(headers)["ce_time"] == b"1970-01-01T00:00:03.500000000Z"
    assert dict(headers)["ce_dataschema"] == load_schema(NARRATION_TYPE)["$id"].encode()
    assert json.loads(value) == {
        "stream": "cam-1",
        "epoch": "1767323045000000006",
        "segment": 2,
        "start": "1970-01-01T00:00:01.000000000Z",
        "end": "1970-01-01T00:00:03.500000000Z",
        "text": "picks up the red cup",
        "p_skip": 0.25,
        "threshold": 0.5,
        "forced": False,
        "token_ids": [5, 6, 7],
        "frames": 5,
        "margin": {"p_skip": 0.125, "logit": 1.5},
        "source": {
            "topic": "flownar.frames",
            "partition": 1,
            "start": {"offset": 10, "index": 0},
            "end": {"offset": 14, "index": 1},
        },
        "model": {"id": "world", "hash": "0123456789abcdef"},
        "prompt_version": "1",
    }


def test_the_opening_narration_has_no_probability() -> None:
    opening = replace(EVENT, narration=replace(EVENT.narration, p_skip=nan, threshold=nan, forced=True))
    value, headers = encode_narration(opening)
    assert json.loads(value)["p_skip"] is None
    assert schema_errors(json.loads(value)) == []
    read = decode_narration(value, headers).narration
    assert isnan(read.p_skip)
    assert isnan(read.threshold)


def test_a_margin_without_a_decision_is_null() -> None:
    undecided = replace(EVENT.narration, p_skip_margin=inf, logit_margin=inf)
    value, headers = encode_narration(replace(EVENT, narration=undecided))
    assert json.loads(value)["margin"] == {"p_skip": None, "logit": None}
    assert schema_errors(json.loads(value)) == []
    assert decode_narration(value, headers).narration == undecided


def test_narrations_of_older_versions_are_read() -> None:
    value, headers = encode_narration(EVENT)
    data = {name: field for name, field in json.loads(value).items() if name not in ("frames", "margin")}
    read = decode_narration(json.dumps(data).encode(), headers).narration
    assert (read.num_frames, read.p_skip_margin, read.logit_margin) == (1, inf, inf)
    assert schema_errors(data) == []


def test_the_schema_refuses_data_without_a_field_or_with_a_number_as_time() -> None:
    data = json.loads(encode_narration(EVENT)[0])
    assert schema_errors({key: value for key, value in data.items() if key != "text"})
    assert schema_errors(data | {"end": 3_500_000_000})
    assert not schema_errors(data | {"added_later": 1})


def test_another_type_or_a_missing_field_is_refused() -> None:
    value, headers = encode_narration(EVENT)
    other = [(key, b"flownar.gap.v1" if key == "ce_type" else text) for key, text in headers]
    with pytest.raises(WireError, match=r"flownar\.gap\.v1"):
        decode_narration(value, other)
    data = json.loads(value)
    del data["source"]
    with pytest.raises(WireError, match="source") as caught:
        decode_narration(json.dumps(data).encode(), headers)
    assert caught.value.code == "event-invalid"
