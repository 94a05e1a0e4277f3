"""CloudEvents 1.0 in Kafka's binary mode: attributes as `ce_*` headers, data as JSON in the value."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from pipeline.errors import WireError
from pipeline.wire.headers import HeaderReader
from pipeline.wire.times import format_time, parse_time

CONTENT_TYPE = "application/json"
EVENT_INVALID = "event-invalid"


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """One event of a stream.

    Attributes:
        type: Event type, for example `flownar.narration.v1`.
        application: Id of the application; `ce_source` is `/flownar/<application>`.
        stream: Stream id; `ce_subject`, and percent-encoded the beginning of `ce_id`.
        epoch: Epoch of the stream's publisher.
        number: Number of the event among all events of the stream, from 0.
        time_ns: Unix nanoseconds; `ce_time`.
        data: JSON object.
        traceparent: Trace context of this hop, or None.
        origin_traceparent: Trace context of the frame that led to the event, or None; `ce_traceparent`.
    """

    type: str
    application: str
    stream: str
    epoch: int
    number: int
    time_ns: int
    data: Mapping[str, Any]
    traceparent: str | None = None
    origin_traceparent: str | None = None

    @property
    def id(self) -> str:
        """`ce_id`: the same event has the same id whenever it is written."""
        return format_event_id(self.stream, self.epoch, self.number)


def format_event_id(stream: str, epoch: int, number: int) -> str:
    """`<stream, percent-encoded>#<epoch>#<number>`."""
    return f"{quote(stream, safe='')}#{epoch}#{number}"


def parse_event_id(text: str) -> tuple[str, int, int]:
    """Stream, epoch and number of a `ce_id`.

    Raises:
        WireError: It is none of ours (code `event-invalid`).
    """
    parts = text.split("#")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts[1:]):
        raise WireError(f"The event id {text[:80]!r} is not <stream>#<epoch>#<number>.", code=EVENT_INVALID)
    return unquote(parts[0]), int(parts[1]), int(parts[2])


def data_schema(event_type: str) -> str:
    """`ce_dataschema` of an event type."""
    return f"urn:{event_type.replace('.', ':')}"


def encode_event(event: CloudEvent) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """Value and headers of an event's record."""
    fields = {
        "content-type": CONTENT_TYPE,
        "ce_specversion": "1.0",
        "ce_id": event.id,
        "ce_type": event.type,
        "ce_source": f"/flownar/{event.application}",
        "ce_subject": event.stream,
        "ce_time": format_time(event.time_ns),
        "ce_dataschema": data_schema(event.type),
    }
    if event.origin_traceparent is not None:
        fields["ce_traceparent"] = event.origin_traceparent
    if event.traceparent is not None:
        fields["traceparent"] = event.traceparent
    # NaN is no JSON: it must never reach a reader.
    value = json.dumps(event.data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    return value, tuple((name, text.encode()) for name, text in fields.items())


def decode_event(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> CloudEvent:
    """Read an event's record.

    Raises:
        WireError: It is no CloudEvent of this application family (codes `header-missing`, `header-invalid`,
            `time-invalid`, `event-invalid`).
    """
    reader = HeaderReader(headers)
    stream, epoch, number = parse_event_id(reader.required_text("ce_id"))
    source = reader.required_text("ce_source")
    return CloudEvent(
        type=reader.required_text("ce_type"),
        application=source.removeprefix("/flownar/"),
        stream=stream,
        epoch=epoch,
        number=number,
        time_ns=parse_time(reader.required_text("ce_time")),
        data=_json_object(value),
        traceparent=reader.traceparent(),
        origin_traceparent=reader.traceparent("ce_traceparent"),
    )


def _json_object(value: bytes | None) -> Mapping[str, Any]:
    try:
        data = json.loads(value or b"")
    except (ValueError, RecursionError) as error:
        raise WireError("The event's value is not JSON.", code=EVENT_INVALID) from error
    if not isinstance(data, dict):
        raise WireError("The event's value is not a JSON object.", code=EVENT_INVALID)
    return data
