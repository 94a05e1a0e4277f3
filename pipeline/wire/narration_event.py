"""The event `flownar.narration.v1`: one narration, on its way to the services that read them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Any

from operators.narrator.types import Narration
from pipeline.errors import WireError
from pipeline.wire.cloud_event import EVENT_INVALID, CloudEvent, decode_event, encode_event
from pipeline.wire.positions import decode_position, encode_position
from pipeline.wire.times import format_time, parse_time

NARRATION_TYPE = "flownar.narration.v1"


@dataclass(frozen=True, slots=True)
class NarrationEvent:
    """A narration with all that tells where it comes from.

    Attributes:
        application: Id of the application that narrated.
        stream: Stream id.
        epoch: Epoch of the stream's publisher at the segment's last frame.
        number: Number of the event among all events of the stream.
        narration: The narration itself.
        source_topic: Topic of the frames.
        source_partition: Partition of the frames and of this event.
        model_id: Name of the model.
        model_hash: Hash of its weights and configuration.
        prompt_version: Which prompt was in force.
        traceparent: Trace context of this hop, or None.
        origin_traceparent: Trace context of the segment's last frame, or None.
    """

    application: str
    stream: str
    epoch: int
    number: int
    narration: Narration
    source_topic: str
    source_partition: int
    model_id: str
    model_hash: str
    prompt_version: str
    traceparent: str | None = None
    origin_traceparent: str | None = None


def encode_narration(event: NarrationEvent) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """Value and headers of the event's record; its key is the stream, its partition the source's."""
    narration = event.narration
    data = {
        "stream": event.stream,
        "epoch": str(event.epoch),
        "segment": narration.segment,
        "start": format_time(narration.start_time_ns),
        "end": format_time(narration.end_time_ns),
        "text": narration.text,
        "p_skip": _number_or_null(narration.p_skip),
        "threshold": _number_or_null(narration.threshold),
        "forced": narration.forced,
        "token_ids": list(narration.token_ids),
        "frames": narration.num_frames,
        "margin": {
            "p_skip": _number_or_null(narration.p_skip_margin),
            "logit": _number_or_null(narration.logit_margin),
        },
        "source": {
            "topic": event.source_topic,
            "partition": event.source_partition,
            "start": encode_position(narration.start),
            "end": encode_position(narration.end),
        },
        "model": {"id": event.model_id, "hash": event.model_hash},
        "prompt_version": event.prompt_version,
    }
    return encode_event(
        CloudEvent(
            type=NARRATION_TYPE,
            application=event.application,
            stream=event.stream,
            epoch=event.epoch,
            number=event.number,
            time_ns=narration.end_time_ns,
            data=data,
            traceparent=event.traceparent,
            origin_traceparent=event.origin_traceparent,
        )
    )


def decode_narration(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> NarrationEvent:
    """Read a narration's record; fields added later are ignored.

    Raises:
        WireError: It is no CloudEvent, of another type, or lacks a field (code `event-invalid` and those of
            `decode_event`).
    """
    return narration_of(decode_event(value, headers))


def narration_of(event: CloudEvent) -> NarrationEvent:
    """The narration that an event holds; raises as `decode_narration` does."""
    if event.type != NARRATION_TYPE:
        raise WireError(f"The event is of type {event.type!r}, not {NARRATION_TYPE}.", code=EVENT_INVALID)
    data = event.data
    try:
        return NarrationEvent(
            application=event.application,
            stream=event.stream,
            epoch=event.epoch,
            number=event.number,
            narration=_narration(data),
            source_topic=data["source"]["topic"],
            source_partition=int(data["source"]["partition"]),
            model_id=data["model"]["id"],
            model_hash=data["model"]["hash"],
            prompt_version=data["prompt_version"],
            traceparent=event.traceparent,
            origin_traceparent=event.origin_traceparent,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"The narration {event.id} can't be read: {error!r}.", code=EVENT_INVALID) from error


def _narration(data: Mapping[str, Any]) -> Narration:
    source, margin = data["source"], data.get("margin", {})
    return Narration(
        segment=int(data["segment"]),
        start=decode_position(source["start"]),
        end=decode_position(source["end"]),
        start_time_ns=parse_time(data["start"]),
        end_time_ns=parse_time(data["end"]),
        text=str(data["text"]),
        token_ids=tuple(int(token) for token in data["token_ids"]),
        p_skip=_number_or(nan, data["p_skip"]),
        threshold=_number_or(nan, data["threshold"]),
        forced=bool(data["forced"]),
        # Narrations of older versions have none of these.
        num_frames=int(data.get("frames", 1)),
        p_skip_margin=_number_or(inf, margin.get("p_skip")),
        logit_margin=_number_or(inf, margin.get("logit")),
    )


def _number_or_null(value: float) -> float | None:
    return value if isfinite(value) else None


def _number_or(missing: float, value: float | None) -> float:
    return missing if value is None else float(value)
