"""What the cameras of the chaos send, and how they go on when the broker was away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pipeline.kafka_io.records import OutgoingRecord
from pipeline.wire.frame_record import FrameHeaders, parse_frame_headers
from pipeline.wire.partitioner import partition_of
from topologies.chaos.camera_acts import Act
from topologies.chaos.cameras import ChaosCamera, render, stream_names

DEADLINE_S = 10.0


@dataclass
class Broker:
    """Takes records, and loses those whose numbers it is told."""

    lost: frozenset[int] = frozenset()
    records: list[OutgoingRecord] = field(default_factory=list)
    renewed: int = 0
    _num_sent: int = 0

    def send(self, record: OutgoingRecord, on_lost: Callable[[], None]) -> None:
        self._num_sent += 1
        if self._num_sent - 1 in self.lost:
            on_lost()
        else:
            self.records.append(record)

    def renew(self) -> None:
        self.renewed += 1

    def flush(self, timeout_s: float) -> bool:
        return True


def played(acts: list[Act], broker: Broker | None = None) -> list[FrameHeaders]:
    """Headers of what a camera sends that is told to end when it has done all this."""
    broker = broker or Broker()
    pictures = [b"picture 0", b"picture 1"]

    def then_stop() -> Iterator[Act]:
        yield from acts
        camera.stop()
        yield Act(60.0, None)

    camera = ChaosCamera("chaos/1", "frames", then_stop(), pictures, broker)
    camera.start()
    assert camera.join(DEADLINE_S)
    return [parse_frame_headers(r.headers, has_value=r.value is not None) for r in broker.records]


def numbers(headers: list[FrameHeaders]) -> list[tuple[int, int]]:
    """Which epoch, from 0, and which sequence."""
    epochs = sorted({one.epoch for one in headers})
    return [(epochs.index(one.epoch), one.sequence) for one in headers]


def test_pictures_are_numbered_and_the_stream_is_ended() -> None:
    broker = Broker()
    headers = played([Act(0.0, 0), Act(0.0, 1), Act(0.0, 2)], broker)
    assert numbers(headers) == [(0, 0), (0, 1), (0, 2), (0, 3)]
    assert [one.end_of_stream for one in headers] == [False, False, False, True]
    assert [record.value for record in broker.records] == [b"picture 0", b"picture 1", b"picture 0", None]
    assert {(record.topic, record.key) for record in broker.records} == {("frames", b"chaos/1")}


def test_everything_that_cameras_do_wrong() -> None:
    broker = Broker()
    acts = [
        Act(0.0, 0),
        Act(0.0, 1, skip=2),
        Act(0.0, 1, copies=2),
        Act(0.0, 1, corrupt=True),
        Act(0.0, 1, clock_s=-30.0),
        Act(0.0, 1, restarts=True, clock_s=-30.0),
        Act(0.0, None, ends=True),
        Act(0.0, 1, restarts=True),
    ]
    headers = played(acts, broker)
    wanted = [(0, 0), (0, 3), (0, 4), (0, 4), (0, 5), (0, 6), (1, 0), (1, 1), (2, 0), (2, 1)]
    assert numbers(headers) == wanted
    assert [i for i, one in enumerate(headers) if one.end_of_stream] == [7, 9]
    assert broker.records[4].value == b"pict"
    times_s = [one.capture_times_ns[0] / 1e9 for one in headers]
    assert times_s[4] - times_s[5] > 25.0
    assert times_s[8] - times_s[6] > 25.0


def test_a_stream_that_has_ended_is_not_ended_again() -> None:
    headers = played([Act(0.0, 0), Act(0.0, None, ends=True)])
    assert [one.end_of_stream for one in headers] == [False, True]


def test_a_camera_that_lost_a_record_starts_again() -> None:
    broker = Broker(lost=frozenset({1}))
    headers = played([Act(0.0, 0), Act(0.0, 1), Act(0.0, 2)], broker)
    assert numbers(headers) == [(0, 0), (1, 0), (1, 1)]
    assert headers[-1].end_of_stream
    assert broker.renewed == 1


def test_the_end_of_a_stream_is_sent_until_the_broker_has_it() -> None:
    broker = Broker(lost=frozenset({1, 2}))
    headers = played([Act(0.0, 0)], broker)
    assert [one.end_of_stream for one in headers] == [False, True]
    assert headers[1].epoch > headers[0].epoch


def test_streams_are_spread_evenly_and_every_partition_has_good_and_bad_cameras() -> None:
    names = stream_names(16, 8)
    assert len({*names}) == 16
    assert set(Counter(partition_of(name, 8) for name in names).values()) == {2}
    assert {partition_of(name, 8) for name in names[::2]} == set(range(8))


def test_pictures_are_small_images_of_one_video() -> None:
    first, second = render(200_400, 0.5, 32, 2)
    assert first.startswith(b"\xff\xd8")
    assert first != second
    assert render(200_400, 0.5, 32, 1) == [first]
