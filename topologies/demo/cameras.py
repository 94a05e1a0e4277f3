"""The demo's cameras: unseen videos of the world, published in real time as real cameras do."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from operators.datasets.world import generate
from operators.frames.source import open_source
from operators.scoring import TrueNarration
from pipeline.config import Settings
from pipeline.kafka_io.records import Delivery, OutgoingRecord
from pipeline.publisher.camera import CameraPublisher, frame_producer
from pipeline.publisher.options import PublisherCounters, PublishOptions
from pipeline.publisher.outlet import RecordSender
from pipeline.publisher.packer import Codec
from pipeline.wire.frame_record import parse_frame_headers
from pipeline.wire.topics import TopicNames
from topologies.demo.faults import EXPECTED_CODES, FaultInjector, huge_png

FPS = 2.0


@dataclass(frozen=True, slots=True)
class DemoCamera:
    """One camera of the demo.

    Attributes:
        stream: Stream id.
        seed: Seed of its video, one that no training saw.
        codec: How it sends frames.
        broken: It also sends records that have to be refused.
    """

    stream: str
    seed: int
    codec: Codec = "jpeg"
    broken: bool = False

    def truth(self, duration_s: float) -> list[TrueNarration]:
        """What happens in its video."""
        narrations = generate(self.seed, duration_s).narrations
        return [TrueNarration(true.end_s, true.text, true.needs_memory) for true in narrations]

    @property
    def expected_dead_letters(self) -> Counter[str]:
        """Dead letters that it must cause, by code."""
        return EXPECTED_CODES if self.broken else Counter()


CAMERAS = (
    DemoCamera("bench/north", 200_101),
    DemoCamera("bench/east", 200_102),
    DemoCamera("bench/south", 200_103, codec="h264"),
    DemoCamera("bench/west", 200_104, broken=True),
)
"""Four cameras of unseen seeds: two with JPEG, one with H.264, one that is broken."""


@dataclass(slots=True)
class SentFrames:
    """Passes records on and notes the capture times of their frames.

    Attributes:
        sender: Where the records go.
        capture_times_ns: Capture times of all frames sent, Unix nanoseconds.
    """

    sender: RecordSender
    capture_times_ns: list[int] = field(default_factory=list)

    def send(
        self,
        record: OutgoingRecord,
        on_done: Callable[[Delivery], None] | None = None,
        *,
        timeout_s: float = 30.0,
    ) -> None:
        """Hand one record over."""
        headers = parse_frame_headers(record.headers, has_value=record.value is not None)
        self.sender.send(record, on_done, timeout_s=timeout_s)
        self.capture_times_ns += headers.capture_times_ns[: headers.num_frames]

    def flush(self, timeout_s: float) -> None:
        """Wait until the outcome of every record is known."""
        self.sender.flush(timeout_s)


@dataclass(frozen=True, slots=True)
class RunningCamera:
    """A camera that publishes.

    Attributes:
        camera: Which one.
        publisher: Its publisher.
        sent: What it has sent.
    """

    camera: DemoCamera
    publisher: CameraPublisher
    sent: SentFrames

    @property
    def counters(self) -> PublisherCounters:
        """What it has done so far."""
        return self.publisher.counters

    @property
    def key(self) -> bytes:
        """Key of its records."""
        return self.camera.stream.encode()

    @property
    def has_ended(self) -> bool:
        """All its records are acknowledged.

        Raises:
            FlowNarError: What stopped it, if that was an error.
        """
        return self.publisher.join(0.0)


@contextmanager
def running_cameras(settings: Settings, duration_s: float) -> Iterator[list[RunningCamera]]:
    """Publish all cameras in the background, in real time; they are stopped at the end.

    Raises:
        BrokerError: Kafka can't be reached.
    """
    topic = TopicNames.of(settings.kafka.prefix).frames
    with frame_producer(settings, "flownar-demo") as producer:
        huge_png()
        running = []
        for camera in CAMERAS:
            source = open_source(f"world:{camera.seed}?seconds={duration_s:g}", FPS)
            sent = SentFrames(producer)
            sender = FaultInjector(sent, producer, settings.kafka.partitions) if camera.broken else sent
            options = PublishOptions(camera.stream, topic, codec=camera.codec)
            running.append(RunningCamera(camera, CameraPublisher(source, sender, options), sent))
        try:
            for one in running:
                one.publisher.start()
            yield running
        finally:
            for one in running:
                one.publisher.stop.set()
            for one in running:
                one.publisher.join()
