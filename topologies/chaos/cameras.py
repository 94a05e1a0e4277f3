"""The cameras of the chaos: pictures of the video world in real time, and much that real cameras do wrong."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from operators.datasets.world import generate
from operators.frames.encode import encode_jpeg
from pipeline.config import Settings
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.wire.frame_record import FrameHeaders, format_frame_headers
from pipeline.wire.partitioner import partition_of
from pipeline.wire.topics import TopicNames
from topologies.chaos.camera_acts import Act, CameraRules, camera_acts
from topologies.chaos.frame_sender import FrameSender

FIRST_SEED = 200_400
"""Videos that no training saw."""

NUM_PICTURES = 120
"""Rendered once, and shown again and again."""

FLUSH_S = 30.0
END_ATTEMPTS = 10


def stream_names(num_cameras: int, num_partitions: int) -> list[str]:
    """Names of streams that are spread evenly over the partitions, also those of every second camera."""
    names: list[str] = []
    for index in range(num_cameras):
        tries = (f"chaos/{index:02}-{attempt}" for attempt in range(10_000))
        wanted = (index + index // num_partitions) % num_partitions
        names.append(next(name for name in tries if partition_of(name, num_partitions) == wanted))
    return names


def render(seed: int, fps: float, size: int, num_pictures: int = NUM_PICTURES) -> list[bytes]:
    """JPEGs of one video, `1 / fps` seconds apart."""
    video = generate(seed, max(30.0, num_pictures / fps))
    return [encode_jpeg(video.frame(i / fps, size)) for i in range(num_pictures)]


class ChaosCamera:
    """One camera, in a thread of its own.

    Args:
        stream: Stream id.
        topic: Full name of the frames topic.
        acts: What it does.
        pictures: What it shows.
        sender: Where its records go.
    """

    def __init__(
        self, stream: str, topic: str, acts: Iterator[Act], pictures: Sequence[bytes], sender: FrameSender
    ) -> None:
        self.stream = stream
        self.num_records = 0
        self.num_lost = 0
        self._topic = topic
        self._acts = acts
        self._pictures = pictures
        self._sender = sender
        self._stop = threading.Event()
        self._lost = threading.Event()
        self._epoch, self._sequence, self._clock_s = time.time_ns(), 0, 0.0
        self._has_ended = True
        self._thread = threading.Thread(target=self._run, name=f"camera {stream}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Tell it to end its stream."""
        self._stop.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for its end; say whether it has come."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        due_s = time.monotonic()
        for act in self._acts:
            # A camera that was held up goes on in its pace; it does not catch up.
            due_s = max(due_s + act.wait_s, time.monotonic())
            if self._stop.wait(due_s - time.monotonic()):
                break
            self._do(act)
        self._end_stream()

    def _do(self, act: Act) -> None:
        if act.restarts or self._lost.is_set():
            self._begin_epoch()
        self._sequence += act.skip
        self._clock_s = act.clock_s
        if act.ends:
            self._send(None, ends=True)
            return
        picture = self._pictures[(act.picture or 0) % len(self._pictures)]
        value = picture[: len(picture) // 2] if act.corrupt else picture
        for copy in range(act.copies):
            self._send(value, again=copy > 0)

    def _begin_epoch(self) -> None:
        if self._lost.is_set():
            self.num_lost += 1
            self._lost.clear()
            self._sender.renew()
        self._epoch, self._sequence = time.time_ns(), 0

    def _end_stream(self) -> None:
        for _ in range(END_ATTEMPTS):
            if self._has_ended and not self._lost.is_set():
                return
            if self._lost.is_set():
                self._begin_epoch()
            self._send(None, ends=True)
            if not self._sender.flush(FLUSH_S):
                self._lost.set()

    def _send(self, value: bytes | None, *, ends: bool = False, again: bool = False) -> None:
        self._sequence -= again
        headers = FrameHeaders(
            content_type="" if value is None else "image/jpeg",
            epoch=self._epoch,
            sequence=self._sequence,
            capture_times_ns=(time.time_ns() + round(self._clock_s * 1e9),),
            end_of_stream=ends,
        )
        record = OutgoingRecord(self._topic, None, self.stream.encode(), value, format_frame_headers(headers))
        self._sender.send(record, self._lost.set)
        self._sequence += 1
        self.num_records += 1
        self._has_ended = ends


@contextmanager
def running_cameras(
    settings: Settings,
    seed: int,
    names: Sequence[str],
    pictures: Sequence[Sequence[bytes]],
    rules: CameraRules,
) -> Iterator[list[ChaosCamera]]:
    """Publish all cameras in the background; in the end all streams are ended.

    Raises:
        BrokerError: Kafka can't be reached.
    """
    topic = TopicNames.of(settings.kafka.prefix).frames
    sender = FrameSender(settings)
    cameras = [
        ChaosCamera(name, topic, camera_acts(seed, index, rules), shown, sender)
        for index, (name, shown) in enumerate(zip(names, pictures, strict=True))
    ]
    try:
        for camera in cameras:
            camera.start()
        yield cameras
    finally:
        for camera in cameras:
            camera.stop()
        for camera in cameras:
            camera.join(FLUSH_S * 2)
        sender.close()
