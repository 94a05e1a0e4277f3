"""CameraPublisher with a producer that only remembers: records, headers, times, ends and failures."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from operators.errors import FrameError
from operators.frames.decode import decode_gop
from operators.frames.encode import encode_jpeg
from operators.frames.source import FrameSource
from pipeline.errors import BrokerError, KafkaUnavailableError, WireError
from pipeline.kafka_io.records import Delivery, OutgoingRecord
from pipeline.publisher import outlet
from pipeline.publisher.camera import CameraPublisher
from pipeline.publisher.options import PublishOptions
from pipeline.wire.frame_record import FrameHeaders, parse_frame_headers

TOPIC = "flownar.frames"


class RememberingProducer:
    """Stands for the idempotent producer; fails the record with the number `fail_at`.

    `full_at` maps the number of a record to how often there is no room for it.
    """

    def __init__(self, fail_at: int = -1, max_record_bytes: int = 1 << 20) -> None:
        self.records: list[OutgoingRecord] = []
        self.times: list[float] = []
        self.flushed = False
        self.full_at: dict[int, int] = {}
        self.timeouts_s: list[float] = []
        self._fail_at = fail_at
        self._max_record_bytes = max_record_bytes

    def send(
        self,
        record: OutgoingRecord,
        on_done: Callable[[Delivery], None] | None = None,
        *,
        timeout_s: float = 30.0,
    ) -> None:
        record.check_size(self._max_record_bytes)
        if len(self.records) in self.full_at:
            self.full_at[len(self.records)] -= 1
            if not self.full_at[len(self.records)]:
                del self.full_at[len(self.records)]
            self.timeouts_s.append(timeout_s)
            raise KafkaUnavailableError("no room")
        failed = len(self.records) == self._fail_at
        self.records.append(record)
        self.times.append(time.monotonic())
        assert on_done is not None
        on_done(Delivery(record, None if failed else 0, TimeoutError("no answer") if failed else None))

    def flush(self, timeout_s: float) -> None:
        assert timeout_s > 0
        self.flushed = True

    def headers(self) -> list[FrameHeaders]:
        return [parse_frame_headers(r.headers, has_value=r.value is not None) for r in self.records]


def numbered(count: int, height: int = 32, width: int = 48) -> list[NDArray[np.uint8]]:
    return [np.full((height, width, 3), 10 * number % 250, np.uint8) for number in range(count)]


def source_of(
    frames: list[NDArray[np.uint8]], fps: float = 2.0, *, live: bool = False, loop: bool = False
) -> FrameSource:
    return FrameSource("test", fps, live, lambda: iter(enumerate(frames)), None, loop, threading.Event())


def publish(
    source: FrameSource, producer: RememberingProducer | None = None, **options: object
) -> tuple[RememberingProducer, CameraPublisher]:
    producer = producer or RememberingProducer()
    chosen = PublishOptions("cam/1", TOPIC, **{"speed": 0.0, **options})  # type: ignore[arg-type]
    publisher = CameraPublisher(source, producer, chosen)
    return producer, publisher


def test_every_frame_is_a_jpeg_record_and_the_end_is_said() -> None:
    frames = numbered(5)
    producer, publisher = publish(source_of(frames), quality=80)
    counters = publisher.run()
    assert [r.key for r in producer.records] == [b"cam/1"] * 6
    assert {(r.topic, r.partition) for r in producer.records} == {(TOPIC, None)}
    assert [r.value for r in producer.records[:5]] == [encode_jpeg(frame, 80) for frame in frames]
    assert producer.records[5].value is None
    headers = producer.headers()
    assert [h.sequence for h in headers] == list(range(6))
    assert {h.epoch for h in headers} == {publisher.epoch}
    assert [h.end_of_stream for h in headers] == [False] * 5 + [True]
    steps = np.diff([h.capture_times_ns[0] for h in headers[:5]])
    assert (steps == 500_000_000).all()
    assert headers[5].capture_times_ns == headers[4].capture_times_ns
    assert producer.flushed
    assert (counters.num_frames, counters.num_records, counters.num_acknowledged) == (5, 6, 6)
    assert counters.start_time_ns == headers[0].capture_times_ns[0]
    assert counters.last_capture_time_ns == headers[4].capture_times_ns[0]
    assert counters.num_bytes == sum(len(r.value or b"") for r in producer.records)


def test_h264_is_sent_in_groups_of_a_second_and_a_rest() -> None:
    frames = numbered(8)
    producer, publisher = publish(source_of(frames, fps=3.0), codec="h264")
    publisher.run()
    headers = producer.headers()
    assert [h.num_frames for h in headers] == [3, 3, 2, 0]
    assert {h.content_type for h in headers[:3]} == {"video/h264"}
    decoded = []
    for record, header in zip(producer.records[:3], headers, strict=False):
        assert record.value is not None
        decoded += decode_gop(record.value, "video/h264", None, header.num_frames)
    for there, back in zip(frames, decoded, strict=True):
        assert np.abs(there.astype(int) - back).mean() < 3
    times = [time_ns for header in headers[:3] for time_ns in header.capture_times_ns]
    assert np.diff(times) == pytest.approx(1e9 / 3, abs=1)


def test_pictures_of_odd_and_changing_size_can_be_sent_as_h264() -> None:
    frames = [*numbered(3, 33, 49), *numbered(2, 20, 20)]
    producer, publisher = publish(source_of(frames, fps=4.0), codec="h264")
    publisher.run()
    assert [h.num_frames for h in producer.headers()] == [3, 2, 0]
    first = producer.records[0].value
    assert first is not None
    assert decode_gop(first, "video/h264", None, 3)[0].shape == (32, 48, 3)


@pytest.mark.parametrize(("speed", "expected_s"), [(1.0, 0.5), (2.0, 0.25)])
def test_frames_are_sent_when_they_are_due(speed: float, expected_s: float) -> None:
    producer, publisher = publish(source_of(numbered(6), fps=10.0), speed=speed)
    before_ns = time.time_ns()
    publisher.run()
    assert producer.times[5] - producer.times[0] == pytest.approx(expected_s, abs=0.1)
    captures = [h.capture_times_ns[0] for h in producer.headers()]
    assert captures[0] - before_ns < 0.2e9
    assert np.diff(captures[:6]) == pytest.approx(1e8 / speed, abs=1)


def test_a_slow_source_is_not_waited_for_and_its_delay_is_told() -> None:
    def slow() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for tick, frame in enumerate(numbered(4)):
            time.sleep(0.08)
            yield tick, frame

    source = FrameSource("slow", 50.0, False, slow, None, False, threading.Event())
    _, publisher = publish(source, speed=1.0)
    assert publisher.run().behind_s == pytest.approx(3 * 0.06, abs=0.05)


def test_a_loop_ends_after_the_seconds_asked_for() -> None:
    producer, publisher = publish(source_of(numbered(3), loop=True), max_seconds=4.0)
    assert publisher.run().num_frames == 8
    values = [r.value for r in producer.records]
    assert values[0] == values[3] == values[6]


def test_stop_ends_a_running_publisher_with_an_end_of_stream() -> None:
    producer, publisher = publish(source_of(numbered(3), fps=10.0, loop=True), speed=1.0)
    publisher.start()
    assert not publisher.join(0.25)
    publisher.stop.set()
    assert publisher.join(2.0)
    headers = producer.headers()
    assert 2 <= publisher.counters.num_frames <= 5
    assert headers[-1].end_of_stream
    assert [h.sequence for h in headers] == list(range(len(headers)))


def test_an_interrupt_sends_what_is_left_and_the_end_of_stream() -> None:
    def interrupted() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        yield from itertools.islice(enumerate(numbered(9)), 3)
        raise KeyboardInterrupt

    source = FrameSource("interrupted", 2.0, False, interrupted, None, False, threading.Event())
    producer, publisher = publish(source, codec="h264")
    with pytest.raises(KeyboardInterrupt):
        publisher.run()
    assert [(h.num_frames, h.end_of_stream) for h in producer.headers()] == [
        (2, False),
        (1, False),
        (0, True),
    ]


def test_nothing_is_sent_for_a_source_without_frames() -> None:
    producer, publisher = publish(source_of([]))
    assert publisher.run().num_records == 0
    assert producer.records == []


def test_a_source_that_breaks_is_an_error_after_an_end_of_stream() -> None:
    def broken() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        yield 0, numbered(1)[0]
        raise FrameError("the cable was cut", code="source-unreadable")

    source = FrameSource("broken", 2.0, False, broken, None, False, threading.Event())
    producer, publisher = publish(source)
    publisher.start()
    with pytest.raises(FrameError, match="cable"):
        publisher.join(5.0)
    assert producer.headers()[-1].end_of_stream


def test_a_record_that_kafka_did_not_take_stops_the_publisher() -> None:
    producer, publisher = publish(source_of(numbered(50)), RememberingProducer(fail_at=2))
    with pytest.raises(BrokerError, match=r"cam/1 was not taken.*no answer"):
        publisher.run()
    assert len(producer.records) == 3


def test_frames_of_a_file_wait_while_there_is_no_room(caplog: pytest.LogCaptureFixture) -> None:
    producer = RememberingProducer()
    producer.full_at = {1: 3, 2: 2, 4: 1}
    _, publisher = publish(source_of(numbered(4)), producer)
    counters = publisher.run()
    assert [h.sequence for h in producer.headers()] == [0, 1, 2, 3, 4]
    assert (counters.num_frames, counters.num_left_out) == (4, 0)
    assert all(timeout_s > 0 for timeout_s in producer.timeouts_s)
    assert len([m for m in caplog.messages if "is down" in m]) == 3


def test_frames_of_a_live_camera_are_left_out_and_their_numbers_are_missing() -> None:
    producer = RememberingProducer()
    producer.full_at = {2: 3}
    _, publisher = publish(source_of(numbered(8), live=True, fps=1000.0), producer)
    counters = publisher.run()
    headers = producer.headers()
    assert [h.sequence for h in headers] == [0, 1, 5, 6, 7, 8]
    assert headers[-1].end_of_stream
    assert (counters.num_records, counters.num_left_out) == (6, 3)
    assert producer.timeouts_s == [0.0] * 3


def test_the_end_of_a_live_stream_is_not_left_out() -> None:
    producer = RememberingProducer()
    producer.full_at = {3: 2}
    _, publisher = publish(source_of(numbered(3), live=True, fps=1000.0), producer)
    assert publisher.run().num_left_out == 0
    assert producer.headers()[-1].end_of_stream


@pytest.mark.parametrize("live", [False, True])
def test_a_publisher_does_not_wait_for_a_broker_that_never_was_there(live: bool) -> None:
    producer = RememberingProducer()
    producer.full_at = {0: 1}
    _, publisher = publish(source_of(numbered(3), live=live), producer)
    with pytest.raises(KafkaUnavailableError):
        publisher.run()


def test_a_publisher_that_is_to_stop_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlet, "STOP_WAIT_S", 0.05)
    producer = RememberingProducer()
    producer.full_at = {1: 10**9}
    _, publisher = publish(source_of(numbered(3)), producer)
    publisher.start()
    assert not publisher.join(0.1)
    publisher.stop.set()
    with pytest.raises(KafkaUnavailableError):
        publisher.join(10.0)


def test_a_record_that_is_too_large_is_not_sent() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    producer, publisher = publish(source_of([noise]), RememberingProducer(max_record_bytes=2000))
    with pytest.raises(WireError, match="the topic takes 2000"):
        publisher.run()
    assert producer.records == []


def test_a_live_source_keeps_its_own_pace_and_time() -> None:
    def camera() -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for tick, frame in enumerate(numbered(4)):
            yield tick, frame
            time.sleep(0.1)

    source = FrameSource("camera", 10.0, True, camera, None, False, threading.Event())
    producer, publisher = publish(source, speed=0.0)
    publisher.run()
    captures = [h.capture_times_ns[0] for h in producer.headers()]
    assert np.diff(captures[:4]) == pytest.approx(1e8, abs=1)
    assert producer.times[3] - producer.times[0] == pytest.approx(0.3, abs=0.1)


def test_options_are_checked() -> None:
    with pytest.raises(WireError, match="stream id"):
        PublishOptions("no spaces", TOPIC)
    for wrong in ({"speed": -1.0}, {"gop_s": 0.0}, {"quality": 0}):
        with pytest.raises(ValueError, match="out of range"):
            PublishOptions("cam", TOPIC, **wrong)  # type: ignore[arg-type]
