"""How a camera is published, and what its publisher has done."""

from dataclasses import dataclass

from pipeline.publisher.packer import Codec
from pipeline.wire.stream_id import check_stream_id


@dataclass(frozen=True, slots=True)
class PublishOptions:
    """How a camera is published.

    Attributes:
        stream: Stream id; the key of its records.
        topic: Full name of the frames topic.
        speed: 1 is real time, 2 twice as fast; 0 as fast as possible, with capture times as in real time.
            A live source has its own speed.
        codec: One JPEG a record, or groups of pictures in H.264.
        quality: 1 to 100, of JPEG or, translated, of H.264.
        gop_s: Length of a group of pictures in seconds.
        max_seconds: Stop after so many seconds of the source; None goes on to its end.
        end_of_stream: Send an end-of-stream record at the end.

    Raises:
        WireError: The stream id is not valid.
        ValueError: A number is out of range.
    """

    stream: str
    topic: str
    speed: float = 1.0
    codec: Codec = "jpeg"
    quality: int = 90
    gop_s: float = 1.0
    max_seconds: float | None = None
    end_of_stream: bool = True

    def __post_init__(self) -> None:
        check_stream_id(self.stream)
        if self.speed < 0 or self.gop_s <= 0 or not 1 <= self.quality <= 100:
            raise ValueError(f"speed, gop_s or quality is out of range: {self}")


@dataclass(frozen=True, slots=True)
class PublisherCounters:
    """What a publisher has done so far.

    Attributes:
        num_frames: Frames in sent records.
        num_records: Records sent, the end-of-stream record included.
        num_acknowledged: Records that Kafka has acknowledged.
        num_left_out: Records of a live camera that there was no room for while the broker was away; their
            numbers are missing in the stream.
        num_bytes: Bytes of the sent records' values.
        start_time_ns: Capture time of the source's first frame, Unix nanoseconds; 0 before it.
        last_capture_time_ns: Capture time of the last sent frame, Unix nanoseconds; 0 before it.
        behind_s: How late the last frame was taken from the source; grows if encoding can't keep up.
    """

    num_frames: int = 0
    num_records: int = 0
    num_acknowledged: int = 0
    num_left_out: int = 0
    num_bytes: int = 0
    start_time_ns: int = 0
    last_capture_time_ns: int = 0
    behind_s: float = 0.0
