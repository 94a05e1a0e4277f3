"""Any event of a stream, whatever its type: what the narrator writes, and what readers read."""

from collections.abc import Iterable
from dataclasses import replace

from operators.narrator.types import Narration
from pipeline.messages.events import StreamEvent
from pipeline.wire.cloud_event import CloudEvent, decode_event
from pipeline.wire.narration_event import NARRATION_TYPE, NarrationEvent, encode_narration, narration_of
from pipeline.wire.notice_event import NOTICE_TYPES, NoticeEvent, encode_notice, notice_of

EVENT_TYPES = (NARRATION_TYPE, *NOTICE_TYPES)
"""All types of the topic of narrations. Readers leave out others: they may be added."""

AnyStreamEvent = NarrationEvent | NoticeEvent


def encode_stream_event(
    content: Narration | StreamEvent,
    *,
    application: str,
    stream: str,
    epoch: int,
    number: int,
    source_topic: str,
    source_partition: int,
    model_id: str,
    model_hash: str,
    prompt_version: str,
    origin_traceparent: str | None,
) -> tuple[bytes, tuple[tuple[str, bytes], ...]]:
    """Value and headers of the record of a stream's event number `number`.

    Args:
        content: The narration, or what else there is to tell.
        application: Id of the application.
        stream: Stream id: the record's key.
        epoch: Epoch of the stream's publisher; it counts, whatever the content says.
        number: Number of the event among all events of the stream.
        source_topic: Topic of the frames.
        source_partition: Partition of the frames, and of the record.
        model_id: Name of the model; only narrations carry it.
        model_hash: Hash of the model; only narrations carry it.
        prompt_version: Which prompt was in force; only narrations carry it.
        origin_traceparent: Trace context of the frame that led to the event, or None.
    """
    if isinstance(content, Narration):
        return encode_narration(
            NarrationEvent(
                application=application,
                stream=stream,
                epoch=epoch,
                number=number,
                narration=content,
                source_topic=source_topic,
                source_partition=source_partition,
                model_id=model_id,
                model_hash=model_hash,
                prompt_version=prompt_version,
                origin_traceparent=origin_traceparent,
            )
        )
    return encode_notice(
        NoticeEvent(
            application=application,
            stream=stream,
            number=number,
            content=replace(content, epoch=epoch),
            source_topic=source_topic,
            source_partition=source_partition,
            origin_traceparent=origin_traceparent,
        )
    )


def decode_stream_event(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> AnyStreamEvent:
    """Read the record of any event of a stream; fields added later are ignored.

    Raises:
        WireError: It is no CloudEvent, of an unknown type, or lacks a field (code `event-invalid` and those
            of `decode_event`).
    """
    return stream_event_of(decode_event(value, headers))


def stream_event_of(event: CloudEvent) -> AnyStreamEvent:
    """What an event holds; raises as `decode_stream_event` does."""
    return narration_of(event) if event.type == NARRATION_TYPE else notice_of(event)
