"""Cameras of benchmarks: pictures rendered beforehand, sent when they are said to be captured."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.config import Settings
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.publisher.camera import frame_producer
from pipeline.wire.frame_record import FrameHeaders, format_frame_headers
from pipeline.wire.partitioner import partition_of
from pipeline.wire.topics import TopicNames
from topologies.chaos.background import BackgroundWork

NS = 1_000_000_000


@dataclass(slots=True)
class BenchCamera:
    """One camera. Mutable: it numbers its records.

    Attributes:
        stream: Stream id.
        pictures: JPEGs that it shows again and again.
        fps: Frames per second.
        epoch: Its start, Unix nanoseconds.
    """

    stream: str
    pictures: Sequence[bytes]
    fps: float
    epoch: int = field(default_factory=time.time_ns, init=False)
    _sequence: int = field(default=0, init=False)

    def record(self, topic: str, capture_ns: int) -> OutgoingRecord:
        """Its next frame."""
        headers = FrameHeaders("image/jpeg", self.epoch, self._sequence, (capture_ns,))
        value = self.pictures[self._sequence % len(self.pictures)]
        self._sequence += 1
        return OutgoingRecord(topic, None, self.stream.encode(), value, format_frame_headers(headers))

    def end(self, topic: str) -> OutgoingRecord:
        """The end of its stream."""
        headers = FrameHeaders("", self.epoch, self._sequence, (time.time_ns(),), end_of_stream=True)
        self._sequence += 1
        return OutgoingRecord(topic, None, self.stream.encode(), None, format_frame_headers(headers))


class RunningCameras(BackgroundWork):
    """Publishes cameras in real time, all in one thread, until it is closed; then their streams end.

    Args:
        settings: Which Kafka.
        cameras: The cameras.
    """

    def __init__(self, settings: Settings, cameras: Sequence[BenchCamera]) -> None:
        super().__init__("cameras")
        self._settings = settings
        self._topic = TopicNames.of(settings.kafka.prefix).frames
        self._cameras = cameras

    def _run(self) -> None:
        with frame_producer(self._settings, "flownar-bench") as producer:
            # Not all at the same moment, as cameras are.
            began_s = time.monotonic()
            due = [
                (began_s + index / len(self._cameras) / camera.fps, camera)
                for index, camera in enumerate(self._cameras)
            ]
            while not self._stop.wait(max(min(due, key=_moment)[0] - time.monotonic(), 0.0)):
                now_s = time.monotonic()
                due = [self._publish(producer, at_s, camera, now_s) for at_s, camera in due]
            for camera in self._cameras:
                producer.send(camera.end(self._topic))

    def _publish(
        self, producer: IdempotentProducer, at_s: float, camera: BenchCamera, now_s: float
    ) -> tuple[float, BenchCamera]:
        while at_s <= now_s:
            producer.send(camera.record(self._topic, time.time_ns()))
            at_s += 1 / camera.fps
        return at_s, camera


def send_past(settings: Settings, camera: BenchCamera, seconds: float) -> None:
    """Publish what a camera saw in the last seconds at once, as one that was cut off does."""
    topic = TopicNames.of(settings.kafka.prefix).frames
    now_ns, num_frames = time.time_ns(), int(seconds * camera.fps)
    with frame_producer(settings, "flownar-bench") as producer:
        for frame in range(num_frames):
            producer.send(camera.record(topic, now_ns - round((num_frames - frame) / camera.fps * NS)))


def stream_in(partition: int, num_partitions: int, name: str) -> str:
    """A stream id that begins with `name` and belongs to a partition."""
    names = (f"{name}-{attempt}" for attempt in range(100_000))
    return next(stream for stream in names if partition_of(stream, num_partitions) == partition)


def _moment(item: tuple[float, BenchCamera]) -> float:
    return item[0]
