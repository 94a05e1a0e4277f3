import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WireError
from pipeline.wire.cloud_event import (
    CloudEvent,
    decode_event,
    encode_event,
    format_event_id,
    parse_event_id,
)
from pipeline.wire.times import MAX_TIME_NS

STREAMS = st.from_regex(r"[A-Za-z0-9._:~-]{1,20}(/[A-Za-z0-9_:~-]{1,20})*", fullmatch=True)
TRACES = st.none() | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", fullmatch=True)

EVENTS = st.builds(
    CloudEvent,
    type=st.just("flownar.narration.v1"),
    application=st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True),
    stream=STREAMS,
    epoch=st.integers(0, 2**62),
    number=st.integers(0, 2**40),
    time_ns=st.integers(0, MAX_TIME_NS),
    data=st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.integers() | st.none(), max_size=4),
    traceparent=TRACES,
    origin_traceparent=TRACES,
)

EVENT = CloudEvent("flownar.narration.v1", "live", "site/cam:1", 5, 2, 1, {"text": "hört"})


@given(EVENTS)
def test_events_survive_the_way_to_kafka_and_back(event: CloudEvent) -> None:
    assert decode_event(*encode_event(event)) == event


@given(EVENTS)
def test_the_cloudevents_library_reads_the_same(event: CloudEvent) -> None:
    value, headers = encode_event(event)
    read = from_binary(KafkaMessage(dict(headers), event.stream.encode(), value), JSONFormat())
    assert (read.get_id(), read.get_type(), read.get_subject()) == (event.id, event.type, event.stream)
    assert read.get_source() == f"/flownar/{event.application}"
    assert read.get_datacontenttype() == "application/json"
    assert read.get_data() == event.data


@given(STREAMS, st.integers(0, 2**62), st.integers(0, 2**40))
def test_event_ids_tell_stream_epoch_and_number(stream: str, epoch: int, number: int) -> None:
    assert parse_event_id(format_event_id(stream, epoch, number)) == (stream, epoch, number)


def test_the_stream_in_an_event_id_is_percent_encoded() -> None:
    assert EVENT.id == "site%2Fcam%3A1#5#2"


@pytest.mark.parametrize("text", ["", "a", "a#1", "a#1#2#3", "a#x#1", "a#1#-2", "a#\u0661#1"])
def test_other_ids_are_refused(text: str) -> None:
    with pytest.raises(WireError) as caught:
        parse_event_id(text)
    assert caught.value.code == "event-invalid"


@pytest.mark.parametrize("value", [None, b"", b"[1]", b"\xff", b"{", b"[" * 100_000])
def test_a_value_that_is_no_json_object_is_refused(value: bytes | None) -> None:
    _, headers = encode_event(EVENT)
    with pytest.raises(WireError, match="JSON") as caught:
        decode_event(value, headers)
    assert caught.value.code == "event-invalid"


def test_a_missing_attribute_is_named() -> None:
    value, headers = encode_event(EVENT)
    with pytest.raises(WireError, match="ce_time") as caught:
        decode_event(value, [header for header in headers if header[0] != "ce_time"])
    assert caught.value.code == "header-missing"


def test_nan_is_never_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode_event(CloudEvent("t", "a", "s", 0, 0, 0, {"p": float("nan")}))
