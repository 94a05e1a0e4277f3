"""Cameras through a real Kafka and back: real footage, both codecs, shared producers, ends and failures."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from operators.frames.decode import decode_gop, decode_image
from operators.frames.encode import encode_jpeg
from operators.frames.source import open_source
from pipeline.config import Settings
from pipeline.errors import BrokerError
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import read_to_end
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import Record
from pipeline.publisher.camera import CameraPublisher, frame_producer
from pipeline.publisher.options import PublishOptions
from pipeline.wire.frame_record import parse_frame_headers
from pipeline.wire.partitioner import partition_of
from pipeline.wire.topics import TopicNames
from tests.support.footage import BIG_BUCK_BUNNY, BIKES, CARPHONE, footage


@pytest.fixture(scope="module")
def producer(fresh_settings: Settings) -> Iterator[IdempotentProducer]:
    with frame_producer(fresh_settings, "test-publish") as producer:
        yield producer


def options_of(settings: Settings, stream: str, **options: object) -> PublishOptions:
    topic = TopicNames.of(settings.kafka.prefix).frames
    return PublishOptions(stream, topic, **{"speed": 0.0, **options})  # type: ignore[arg-type]


def records_of(settings: Settings, stream: str) -> list[Record]:
    """The stream's records; they must all be in the stream's partition."""
    topic = TopicNames.of(settings.kafka.prefix).frames
    connection = connection_kwargs(settings.kafka)
    found = []
    for partition in range(settings.kafka.partitions):
        here = [r for r in read_to_end(connection, topic, partition) if r.key == stream.encode()]
        assert not here or partition == partition_of(stream, settings.kafka.partitions)
        found += here
    return found


@pytest.mark.parametrize("name", [BIKES, BIG_BUCK_BUNNY, CARPHONE])
def test_footage_comes_back_as_the_frames_that_were_decoded(
    fresh_settings: Settings, producer: IdempotentProducer, name: str
) -> None:
    stream = f"footage/{name}"
    counters = CameraPublisher(
        open_source(str(footage(name))), producer, options_of(fresh_settings, stream, quality=95)
    ).run()
    records = records_of(fresh_settings, stream)
    frames = [frame for _, frame in open_source(str(footage(name)))]
    assert counters.num_acknowledged == counters.num_records == len(records) == len(frames) + 1
    for record, frame in zip(records, frames, strict=False):
        assert record.value is not None
        there = decode_image(record.value, "image/jpeg", 144)
        assert np.array_equal(there, decode_image(encode_jpeg(frame, 95), "image/jpeg", 144))
    headers = [parse_frame_headers(r.headers, has_value=r.value is not None) for r in records]
    assert [h.sequence for h in headers] == list(range(len(records)))
    assert [h.end_of_stream for h in headers] == [False] * len(frames) + [True]
    captures = np.array([h.capture_times_ns[0] for h in headers[:-1]]) - counters.start_time_ns
    assert (captures == np.arange(len(frames)) * 500_000_000).all()


def test_footage_comes_back_from_h264_groups(fresh_settings: Settings, producer: IdempotentProducer) -> None:
    source = open_source(str(footage(BIKES)), fps=5.0)
    CameraPublisher(source, producer, options_of(fresh_settings, "gop/1", codec="h264")).run()
    frames = [frame for _, frame in source]
    decoded = []
    for record in records_of(fresh_settings, "gop/1"):
        headers = parse_frame_headers(record.headers, has_value=record.value is not None)
        if record.value is not None:
            assert headers.num_frames == 5
            decoded += decode_gop(record.value, headers.content_type, None, headers.num_frames)
    assert len(decoded) == len(frames) == 50
    differences = [np.abs(a.astype(int) - b).mean() for a, b in zip(frames, decoded, strict=True)]
    assert max(differences) < 6.0


def test_cameras_of_one_process_share_a_producer_and_keep_their_order(
    fresh_settings: Settings, producer: IdempotentProducer
) -> None:
    stop = threading.Event()
    publishers = [
        CameraPublisher(
            open_source(str(footage(CARPHONE)), fps=10.0, loop=True, size=64, stop=stop),
            producer,
            options_of(fresh_settings, f"fleet/{number}", speed=1.0),
        )
        for number in range(4)
    ]
    for publisher in publishers:
        publisher.start()
    time.sleep(1.5)
    stop.set()
    assert all(publisher.join(10.0) for publisher in publishers)
    for publisher in publishers:
        records = records_of(fresh_settings, publisher.options.stream)
        headers = [parse_frame_headers(r.headers, has_value=r.value is not None) for r in records]
        assert [h.sequence for h in headers] == list(range(len(records)))
        assert 10 <= publisher.counters.num_frames <= 17
        assert headers[-1].end_of_stream


def test_a_second_run_of_a_camera_is_a_larger_epoch(
    fresh_settings: Settings, producer: IdempotentProducer, tmp_path: Path
) -> None:
    (tmp_path / "one.jpg").write_bytes(encode_jpeg(np.zeros((16, 16, 3), np.uint8)))
    epochs = []
    for _ in range(2):
        publisher = CameraPublisher(
            open_source(str(tmp_path)), producer, options_of(fresh_settings, "again/1")
        )
        publisher.run()
        epochs.append(publisher.epoch)
    records = records_of(fresh_settings, "again/1")
    found = [parse_frame_headers(r.headers, has_value=r.value is not None).epoch for r in records]
    assert found == [epochs[0], epochs[0], epochs[1], epochs[1]]
    assert epochs[0] < epochs[1]


def test_a_topic_that_is_missing_is_said_so(fresh_settings: Settings) -> None:
    kafka = fresh_settings.kafka.model_copy(update={"prefix": "nowhere."})
    settings = fresh_settings.model_copy(update={"kafka": kafka})
    with frame_producer(settings, "test-missing") as producer:
        publisher = CameraPublisher(
            open_source(str(footage(CARPHONE))), producer, options_of(settings, "missing/1")
        )
        with pytest.raises(BrokerError, match=r"nowhere\.frames") as caught:
            publisher.run()
    assert "flownar" in caught.value.action


def test_a_broker_that_is_missing_is_said_so(fresh_settings: Settings) -> None:
    kafka = fresh_settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    settings = fresh_settings.model_copy(update={"kafka": kafka})
    with frame_producer(settings, "test-missing") as producer:
        source = open_source(str(footage(CARPHONE)))
        publisher = CameraPublisher(source, producer, options_of(settings, "missing/1"))
        with pytest.raises(BrokerError) as caught:
            publisher.run()
    assert caught.value.action
