"""Publishes one camera: takes frames from a source, in real time or faster, and sends them as frame records.

with frame_producer(settings, "publish") as producer:
    CameraPublisher(open_source("world:200000"), producer, PublishOptions("bench/1", topic)).run()
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from operators.frames.source import FrameSource, TimedFrame
from pipeline.config import Settings
from pipeline.errors import BrokerError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import Delivery, OutgoingRecord
from pipeline.publisher.options import PublisherCounters, PublishOptions
from pipeline.publisher.outlet import FrameOutlet, RecordSender
from pipeline.publisher.packer import FramePacker, PackedFrames
from pipeline.wire.frame_record import FrameHeaders, format_frame_headers
from pipeline.wire.times import NS_PER_S


@contextmanager
def frame_producer(settings: Settings, client_id: str) -> Iterator[IdempotentProducer]:
    """Open a producer for frames; several publishers may share it.

    Raises:
        BrokerError: Kafka can't be reached.
    """
    producer = IdempotentProducer(
        connection_kwargs(settings.kafka),
        client_id=client_id,
        max_record_bytes=settings.frames.max_record_bytes,
    )
    try:
        yield producer
    finally:
        producer.close()


class CameraPublisher:
    """Publishes one source as one stream, in one epoch.

    `run` blocks until the source ends, `stop` is set or sending fails; `start` does the same in a thread. A
    broker that is away for a while is waited for (see `FrameOutlet`).

    Args:
        source: The frames; its `stop` event also stops the publisher.
        producer: Where records go; may be shared by several publishers.
        options: How.
        clock_ns: Unix time in nanoseconds.
    """

    def __init__(
        self,
        source: FrameSource,
        producer: RecordSender,
        options: PublishOptions,
        *,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.options = options
        self.stop = source.stop
        self.epoch = clock_ns()
        self._source = source
        self._producer = producer
        self._clock_ns = clock_ns
        self._outlet = FrameOutlet(
            producer, f"stream {options.stream}", may_leave_out=source.live, stop=source.stop
        )
        self._lock = threading.Lock()
        self._counters = PublisherCounters()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run_in_thread, name=f"publish {options.stream}")

    @property
    def counters(self) -> PublisherCounters:
        """What has been done so far; any thread may ask."""
        return self._counters

    def start(self) -> None:
        """Run in a thread of its own; `join` waits for it."""
        self._thread.start()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait for the thread; say whether it has ended.

        Raises:
            FlowNarError: What ended it, if that was an error.
        """
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        self._raise_failure()
        return True

    def run(self) -> PublisherCounters:
        """Publish to the end; every record is acknowledged when this returns.

        Raises:
            FrameError: The source can't be read.
            WireError: A record is larger than the topic takes.
            BrokerError: Kafka does not take the records.
        """
        packer = FramePacker(self.options.codec, self.options.quality, self.options.gop_s, self._source.fps)
        try:
            for frame, capture_time_ns in self._paced():
                for packed in packer.add(frame.frame, capture_time_ns):
                    self._send(packed)
        finally:
            # Also after an error or Ctrl-C: readers must not wait for a camera that has gone.
            self._finish(packer)
        self._producer.flush(self._outlet.patience_s(is_last=True))
        self._raise_failure()
        return self._counters

    def _run_in_thread(self) -> None:
        try:
            self.run()
        except Exception as error:
            self._failure = error

    def _paced(self) -> Iterator[tuple[TimedFrame, int]]:
        """Yield every frame with its capture time, when that time has come."""
        waits = self.options.speed > 0 or self._source.live
        speed = 1.0 if self._source.live else self.options.speed or 1.0
        limit_s = math.inf if self.options.max_seconds is None else self.options.max_seconds
        start_ns, started_s = 0, 0.0
        for frame in self._source:
            if self.stop.is_set() or frame.time_s >= limit_s - 1e-6:
                return
            if not start_ns:
                start_ns, started_s = self._clock_ns(), time.monotonic()
                self._count(start_time_ns=start_ns)
            due_s = frame.time_s / speed
            # Waiting goes by the clock that is never set: a corrected wall clock must not stop a camera.
            wait_s = started_s + due_s - time.monotonic() if waits else 0.0
            if wait_s > 0 and self.stop.wait(wait_s):
                return
            self._count(behind_s=max(0.0, -wait_s))
            yield frame, start_ns + round(due_s * NS_PER_S)

    def _finish(self, packer: FramePacker) -> None:
        for packed in packer.flush():
            self._send(packed)
        if self.options.end_of_stream and self._counters.num_records:
            time_ns = self._counters.last_capture_time_ns
            self._send(PackedFrames("", None, (time_ns,)), end_of_stream=True)

    def _send(self, packed: PackedFrames, *, end_of_stream: bool = False) -> None:
        self._raise_failure()
        headers = FrameHeaders(
            content_type=packed.content_type,
            epoch=self.epoch,
            sequence=self._counters.num_records + self._counters.num_left_out,
            capture_times_ns=packed.capture_times_ns,
            end_of_stream=end_of_stream,
        )
        record = OutgoingRecord(
            topic=self.options.topic,
            partition=None,
            key=self.options.stream.encode(),
            value=packed.value,
            headers=format_frame_headers(headers),
        )
        if not self._outlet.send(record, self._on_done, is_last=end_of_stream):
            self._count(num_left_out=self._counters.num_left_out + 1)
            return
        with self._lock:
            sent = self._counters
            self._counters = replace(
                sent,
                num_frames=sent.num_frames + headers.num_frames,
                num_records=sent.num_records + 1,
                num_bytes=sent.num_bytes + len(packed.value or b""),
                last_capture_time_ns=packed.capture_times_ns[-1],
            )

    def _on_done(self, delivery: Delivery) -> None:
        if delivery.error is not None:
            self._failure = self._failure or BrokerError(
                f"{self.options.topic}: a record of {self.options.stream} was not taken: {delivery.error!r}",
                action="Check the broker with: flownar doctor",
            )
            return
        with self._lock:
            self._counters = replace(self._counters, num_acknowledged=self._counters.num_acknowledged + 1)

    def _count(self, **changes: int | float) -> None:
        with self._lock:
            self._counters = replace(self._counters, **changes)  # type: ignore[arg-type]

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure
