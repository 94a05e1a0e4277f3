import json
from dataclasses import replace
from typing import Any

import jsonschema
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st

from operators.narrator.types import FramePosition, Narration
from pipeline.errors import WireError
from pipeline.messages.events import FaultKind, FrameRange, GapKind, Shed, ShedReason
from pipeline.settings.models import REPO_ROOT
from pipeline.wire.fault_event import FAULT_TYPE, MAX_MESSAGE_BYTES
from pipeline.wire.gap_event import GAP_TYPE
from pipeline.wire.narration_event import NARRATION_TYPE
from pipeline.wire.notice_event import NOTICE_TYPES, NoticeEvent, encode_notice
from pipeline.wire.schemas import load_schema
from pipeline.wire.shed_event import MAX_SHED_RANGES, SHED_TYPE
from pipeline.wire.stream_event import EVENT_TYPES, decode_stream_event, encode_stream_event
from pipeline.wire.topics import MAX_NARRATION_BYTES
from tests.support import stream_events as known

NARRATION = Narration(0, FramePosition(1), FramePosition(9), 0, 5, "text", (1,), 0.1, 0.5, False, 9, 0.4, 2.5)
PLACE = {
    "application": "live",
    "stream": "site/cam:1",
    "number": 7,
    "source_topic": "flownar.frames",
    "source_partition": 3,
    "model_id": "world",
    "model_hash": "0123456789abcdef",
    "prompt_version": "1",
    "origin_traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
}


def schema_errors(event_type: str, data: Any) -> list[str]:
    return [e.message for e in jsonschema.Draft202012Validator(load_schema(event_type)).iter_errors(data)]


def type_of(headers: tuple[tuple[str, bytes], ...]) -> str:
    return dict(headers)["ce_type"].decode()


@given(known.NOTICES)
def test_notices_survive_the_way_to_kafka_and_back(event: NoticeEvent) -> None:
    value, headers = encode_notice(event)
    assert decode_stream_event(value, headers) == event
    assert schema_errors(type_of(headers), json.loads(value)) == []


@given(st.just(NARRATION) | known.GAPS | known.SHEDS | known.FAULTS, st.integers(0, 2**62))
def test_any_content_is_encoded_and_the_cloudevents_library_reads_it(content: Any, epoch: int) -> None:
    value, headers = encode_stream_event(content, epoch=epoch, **PLACE)
    read = decode_stream_event(value, headers)
    assert (read.stream, read.epoch, read.number) == (PLACE["stream"], epoch, PLACE["number"])
    assert read.origin_traceparent == PLACE["origin_traceparent"]
    if isinstance(read, NoticeEvent):
        assert read.content == replace(content, epoch=epoch)
    else:
        assert read.narration == content
    cloud = from_binary(KafkaMessage(dict(headers), b"", value), JSONFormat())
    assert cloud.get_type() in EVENT_TYPES
    assert cloud.get_id() == f"site%2Fcam%3A1#{epoch}#7"
    assert cloud.get_subject() == cloud.get_data()["stream"] == PLACE["stream"]
    assert cloud.get_dataschema() == load_schema(cloud.get_type())["$id"]


def test_what_a_service_sees_of_a_gap() -> None:
    value, headers = encode_notice(known.notice(known.MISSING, number=4))
    assert type_of(headers) == GAP_TYPE
    assert dict(headers)["ce_time"] == b"2026-01-02T03:04:07.500000000Z"
    assert json.loads(value) == {
        "stream": "hall/1",
        "epoch": "1767323045000000000",
        "kind": "missing-sequence",
        "before": "2026-01-02T03:04:05.000000000Z",
        "after": "2026-01-02T03:04:07.500000000Z",
        "sequences": {"first": 3, "last": 6},
        "source": {"topic": "flownar.frames", "partition": 0, "offsets": None},
    }
    deleted = json.loads(encode_notice(known.notice(known.DELETED))[0])
    assert deleted["source"]["offsets"] == {"first": 100, "last": 299}


def test_the_time_of_a_gap_that_lasts_is_that_of_its_beginning() -> None:
    assert dict(encode_notice(known.notice(known.SILENT))[1])["ce_time"] == b"2026-01-02T03:04:06.000000000Z"
    never_seen = replace(known.SILENT, before_ns=None)
    assert dict(encode_notice(known.notice(never_seen))[1])["ce_time"] == b"1970-01-01T00:00:00.000000000Z"


def test_what_a_service_sees_of_frames_that_were_left_out() -> None:
    value, headers = encode_notice(known.notice(known.SHED))
    assert type_of(headers) == SHED_TYPE
    assert dict(headers)["ce_time"] == b"2026-01-02T03:04:14.000000000Z"
    assert json.loads(value) == {
        "stream": "hall/1",
        "epoch": "1767323045000000000",
        "reason": "overload",
        "start": "2026-01-02T03:04:06.000000000Z",
        "end": "2026-01-02T03:04:14.000000000Z",
        "frames": 14,
        "source": {
            "topic": "flownar.frames",
            "partition": 0,
            "ranges": [
                {"start": {"offset": 10, "index": 0}, "end": {"offset": 14, "index": 0}, "frames": 5},
                {"start": {"offset": 20, "index": 3}, "end": {"offset": 21, "index": 1}, "frames": 9},
            ],
        },
    }


def test_what_a_service_sees_of_a_fault() -> None:
    value, headers = encode_notice(known.notice(known.UNNARRATED))
    assert type_of(headers) == FAULT_TYPE
    assert dict(headers)["ce_time"] == b"2026-01-02T03:04:09.000000000Z"
    assert json.loads(value) == {
        "stream": "hall/1",
        "epoch": "1767323045000000000",
        "kind": "unnarrated",
        "message": "The stream ended in a segment without a narration.",
        "time": "2026-01-02T03:04:09.000000000Z",
        "source": {
            "topic": "flownar.frames",
            "partition": 0,
            "after": {"offset": 30, "index": 0},
            "through": {"offset": 34, "index": 2},
        },
    }
    timeless = json.loads(encode_notice(known.notice(replace(known.MEMORY_LOST, time_ns=0)))[0])
    assert (timeless["time"], timeless["source"]["after"], timeless["source"]["through"]) == (None,) * 3


def test_the_schemas_know_the_kinds() -> None:
    def kinds(event_type: str, field: str) -> list[str]:
        return [one["const"] for one in load_schema(event_type)["properties"][field]["oneOf"]]

    assert kinds(GAP_TYPE, "kind") == [kind.value for kind in GapKind]
    assert kinds(SHED_TYPE, "reason") == [reason.value for reason in ShedReason]
    assert kinds(FAULT_TYPE, "kind") == [kind.value for kind in FaultKind]


def test_the_readme_has_types_kinds_and_fields() -> None:
    readme = (REPO_ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`{kind.value}`" in readme for kind in (*GapKind, *ShedReason, *FaultKind))
    for event_type in EVENT_TYPES:
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| `{event_type}`")]
        told = row.split("|")[3].strip(" `").split(", ")
        assert {"stream", "epoch", "source", *told} == load_schema(event_type)["properties"].keys()


def test_the_largest_event_of_left_out_frames_fits_its_topic() -> None:
    far = FrameRange(FramePosition(2**53, 998), FramePosition(2**53, 999), 1000)
    shed = Shed(ShedReason.RATE, 2**62, 0, 1, (far,) * MAX_SHED_RANGES)
    value, headers = encode_notice(replace(known.notice(shed), stream="s" * 200))
    assert len(value) + sum(len(text) for _, text in headers) < 0.9 * MAX_NARRATION_BYTES


def test_a_long_message_is_cut_between_characters() -> None:
    value, _ = encode_notice(known.notice(replace(known.MEMORY_LOST, message="é" * MAX_MESSAGE_BYTES)))
    message = json.loads(value)["message"]
    assert len(message.encode()) <= MAX_MESSAGE_BYTES
    assert set(message) == {"é"}


@pytest.mark.parametrize(
    ("content", "field"), [(known.SILENT, "before"), (known.SHED, "reason"), (known.UNNARRATED, "message")]
)
def test_a_missing_field_or_an_unknown_kind_is_refused(content: Any, field: str) -> None:
    value, headers = encode_notice(known.notice(content))
    data = json.loads(value)
    for wrong in ({k: v for k, v in data.items() if k != field}, data | {"kind": "x", "reason": "x"}):
        with pytest.raises(WireError) as caught:
            decode_stream_event(json.dumps(wrong).encode(), headers)
        assert caught.value.code == "event-invalid"
        assert schema_errors(type_of(headers), wrong)
    assert decode_stream_event(json.dumps(data | {"added_later": 1}).encode(), headers)
    assert schema_errors(type_of(headers), data | {"added_later": 1}) == []


def test_another_type_is_refused_by_its_name() -> None:
    value, headers = encode_notice(known.notice(known.SILENT))
    other = [(name, b"flownar.new.v1" if name == "ce_type" else text) for name, text in headers]
    with pytest.raises(WireError, match=r"flownar\.new\.v1") as caught:
        decode_stream_event(value, other)
    assert caught.value.code == "event-invalid"
    assert (NARRATION_TYPE, *NOTICE_TYPES) == EVENT_TYPES
