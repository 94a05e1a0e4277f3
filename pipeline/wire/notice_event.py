"""Events of a stream besides its narrations: one message for gaps, left-out frames and faults."""

from dataclasses import dataclass
from typing import Any

from pipeline.errors import WireError
from pipeline.messages.events import Gap, Shed, StreamEvent
from pipeline.wire.cloud_event import EVENT_INVALID, CloudEvent, encode_event
from pipeline.wire.fault_event import FAULT_TYPE, decode_fault, encode_fault
from pipeline.wire.gap_event import GAP_TYPE, decode_gap, encode_gap, gap_time_ns
from pipeline.wire.shed_event import SHED_TYPE, decode_shed, encode_shed

NOTICE_TYPES = (GAP_TYPE, SHED_TYPE, FAULT_TYPE)


@dataclass(frozen=True, slots=True)
class NoticeEvent:
    """A gap, left-out frames or a fault, with all that tells where it comes from.

    Attributes:
        application: Id of the application that narrates.
        stream: Stream id.
        number: Number of the event among all events of the stream.
        content: What is told; its epoch is the event's.
        source_topic: Topic of the frames.
        source_partition: Partition of the frames and of this event.
        traceparent: Trace context of this hop, or None.
        origin_traceparent: Trace context of the frame that led to the event, or None.
    """

    application: str
    stream: str
    number: int
    content: StreamEvent
    source_topic: str
    source_partition: int
    traceparent: str | None = None
    origin_traceparent: str | None = None

    @property
    def epoch(self) -> int:
        """Epoch of the stream's publisher."""
        return self.content.epoch

    @property
    def time_ns(self) -> int:
        """`ce_time`, Unix nanoseconds: a capture time of the stream; 0 if it has none yet."""
        if isinstance(self.content, Gap):
            return gap_time_ns(self.content)
        return self.content.end_ns if isinstance(self.content, Shed) else self.content.time_ns


def encode_notice(event: NoticeEvent) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """Value and headers of the event's record; its key is the stream, its partition the source's."""
    event_type, fields, source = _encoded(event.content)
    place = {"topic": event.source_topic, "partition": event.source_partition}
    return encode_event(
        CloudEvent(
            type=event_type,
            application=event.application,
            stream=event.stream,
            epoch=event.epoch,
            number=event.number,
            time_ns=event.time_ns,
            data={"stream": event.stream, "epoch": str(event.epoch), **fields, "source": place | source},
            traceparent=event.traceparent,
            origin_traceparent=event.origin_traceparent,
        )
    )


def notice_of(event: CloudEvent) -> NoticeEvent:
    """The gap, left-out frames or fault that an event holds; fields added later are ignored.

    Raises:
        WireError: It is of another type, or lacks a field (code `event-invalid`).
    """
    try:
        return NoticeEvent(
            application=event.application,
            stream=event.stream,
            number=event.number,
            content=_decoded(event),
            source_topic=event.data["source"]["topic"],
            source_partition=int(event.data["source"]["partition"]),
            traceparent=event.traceparent,
            origin_traceparent=event.origin_traceparent,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"The event {event.id} can't be read: {error!r}.", code=EVENT_INVALID) from error


def _encoded(content: StreamEvent) -> tuple[str, dict[str, Any], dict[str, Any]]:
    if isinstance(content, Gap):
        return (GAP_TYPE, *encode_gap(content))
    if isinstance(content, Shed):
        return (SHED_TYPE, *encode_shed(content))
    return (FAULT_TYPE, *encode_fault(content))


def _decoded(event: CloudEvent) -> StreamEvent:
    if event.type == GAP_TYPE:
        return decode_gap(event.data, event.epoch)
    if event.type == SHED_TYPE:
        return decode_shed(event.data, event.epoch)
    if event.type == FAULT_TYPE:
        return decode_fault(event.data, event.epoch)
    types = ", ".join(NOTICE_TYPES)
    raise WireError(f"The event is of type {event.type!r}, not one of {types}.", code=EVENT_INVALID)
