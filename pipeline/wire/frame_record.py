"""Frame records: key = stream id, value = one image or one group of pictures, headers as below.

Required: `content-type`, `capture-time` (Unix ns of the first frame), `epoch`, `sequence`; for groups of
pictures `frame-count` and, with more than one frame, `frame-interval` (ns) or `frame-times` (Unix ns,
comma-separated). Optional: `end-of-stream` (`true`: the value may be null, and then `content-type` may be
missing), `traceparent`, `tracestate`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from pipeline.errors import RecordTooLargeError, WireError
from pipeline.wire.headers import HeaderReader, invalid_header, parse_number

IMAGE_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
VIDEO_TYPES = frozenset({"video/h264", "video/h265", "video/mp4"})

CONTENT_TYPE_UNSUPPORTED = "content-type-unsupported"
VALUE_MISSING = "value-missing"

MAX_FRAMES_PER_RECORD = 1000
"""Frames of one group of pictures: bounds what one small record can make a reader decode and hold."""


@dataclass(frozen=True, slots=True)
class FrameHeaders:
    """What the headers of a frame record say.

    Attributes:
        content_type: One of IMAGE_TYPES or VIDEO_TYPES; empty for an end-of-stream record without a value.
        epoch: The publisher's start in Unix nanoseconds; a larger one supersedes.
        sequence: Number of the record in its epoch, from 0.
        capture_times_ns: Capture time of every frame in Unix nanoseconds, rising; for an end-of-stream record
            without a value the one time at which the stream ended.
        end_of_stream: The stream ends with this record's last frame.
        traceparent: W3C trace context, or None.
        tracestate: W3C trace state, or None.
    """

    content_type: str
    epoch: int
    sequence: int
    capture_times_ns: tuple[int, ...]
    end_of_stream: bool = False
    traceparent: str | None = None
    tracestate: str | None = None

    @property
    def num_frames(self) -> int:
        """Frames in the record's value; 0 for an end-of-stream record without a value."""
        return len(self.capture_times_ns) if self.content_type else 0


def parse_frame_headers(headers: Iterable[tuple[str, bytes | None]], *, has_value: bool) -> FrameHeaders:
    """Read the headers of a frame record.

    Args:
        headers: Headers in order; the last one of a name wins, unknown ones are ignored.
        has_value: The record's value is not null.

    Raises:
        WireError: Codes `header-missing`, `header-invalid`, `content-type-unsupported`, `value-missing`.
    """
    reader = HeaderReader(headers)
    end_of_stream = reader.flag("end-of-stream")
    if not has_value and not end_of_stream:
        raise WireError("The record has no value and does not end its stream.", code=VALUE_MISSING)
    content_type = _content_type(reader) if has_value else ""
    return FrameHeaders(
        content_type=content_type,
        epoch=reader.required_number("epoch"),
        sequence=reader.required_number("sequence"),
        capture_times_ns=_capture_times(reader, is_video=content_type in VIDEO_TYPES),
        end_of_stream=end_of_stream,
        traceparent=reader.traceparent(),
        tracestate=reader.tracestate(),
    )


def format_frame_headers(headers: FrameHeaders) -> tuple[tuple[str, bytes], ...]:
    """Write the headers of a frame record; `parse_frame_headers` reads them back."""
    times = headers.capture_times_ns
    fields = {"content-type": headers.content_type} if headers.content_type else {}
    fields |= {
        "capture-time": str(times[0]),
        "epoch": str(headers.epoch),
        "sequence": str(headers.sequence),
    }
    if headers.content_type in VIDEO_TYPES:
        fields |= _video_fields(times)
    if headers.end_of_stream:
        fields["end-of-stream"] = "true"
    if headers.traceparent is not None:
        fields["traceparent"] = headers.traceparent
    if headers.tracestate is not None:
        fields["tracestate"] = headers.tracestate
    return tuple((name, text.encode()) for name, text in fields.items())


def check_record_size(size_bytes: int, max_bytes: int, topic: str) -> None:
    """Refuse a record before it is sent: a refusal by the broker fails all later sends to its partition.

    Raises:
        RecordTooLargeError: The record is larger than `max_bytes`.
    """
    if size_bytes > max_bytes:
        raise RecordTooLargeError(
            f"A record of {size_bytes} bytes is larger than {topic} takes ({max_bytes} bytes).",
            action="Send smaller images or shorter groups of pictures.",
        )


def _content_type(reader: HeaderReader) -> str:
    text = reader.required_text("content-type")
    content_type = text.partition(";")[0].strip().lower()
    if content_type not in IMAGE_TYPES | VIDEO_TYPES:
        raise WireError(
            f"The content type {text[:60]!r} is not one of {', '.join(sorted(IMAGE_TYPES | VIDEO_TYPES))}.",
            code=CONTENT_TYPE_UNSUPPORTED,
        )
    return content_type


def _capture_times(reader: HeaderReader, *, is_video: bool) -> tuple[int, ...]:
    first = reader.required_number("capture-time")
    if not is_video:
        return (first,)
    count = reader.required_number("frame-count")
    if not 1 <= count <= MAX_FRAMES_PER_RECORD:
        raise invalid_header("frame-count", str(count), f"it must be 1 to {MAX_FRAMES_PER_RECORD}")
    listed = reader.text("frame-times")
    if listed is not None:
        return _listed_times(listed, first, count)
    if count == 1:
        return (first,)
    interval = reader.required_number("frame-interval")
    if interval == 0:
        raise invalid_header("frame-interval", "0", "frames must follow each other in time")
    return tuple(first + i * interval for i in range(count))


def _listed_times(text: str, first: int, count: int) -> tuple[int, ...]:
    parts = text.split(",")
    if len(parts) != count:
        raise invalid_header("frame-times", f"a list of {len(parts)}", f"frame-count says {count}")
    times = tuple(parse_number("frame-times", part.strip()) for part in parts)
    if times[0] != first:
        raise invalid_header("frame-times", f"a list from {times[0]}", f"capture-time says {first}")
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise invalid_header("frame-times", "not rising", "every frame must be later than the one before")
    return times


def _video_fields(times: tuple[int, ...]) -> dict[str, str]:
    fields = {"frame-count": str(len(times))}
    if len(times) > 1:
        intervals = {later - earlier for earlier, later in pairwise(times)}
        if len(intervals) == 1:
            fields["frame-interval"] = str(intervals.pop())
        else:
            fields["frame-times"] = ",".join(map(str, times))
    return fields
