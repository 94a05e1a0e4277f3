"""A camera of a test: records that are known beforehand, and the narrations that they must lead to."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from operators.datasets.world import generate
from operators.frames.decode import decode_gop, decode_image
from operators.frames.encode import encode_gop, encode_jpeg
from operators.frames.source import TimedFrame
from pipeline.config import NarratorSettings, Settings
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.idempotent_producer import IdempotentProducer
from pipeline.kafka_io.records import OutgoingRecord
from pipeline.wire.frame_record import FrameHeaders, format_frame_headers
from pipeline.wire.partitioner import partition_of
from pipeline.wire.topics import TopicNames
from topologies.local import LocalNarrator

FPS = 2
PICTURE_SIZE = 96
EPOCH = 1_767_323_045_000_000_000
"""2026-01-02T03:04:05Z."""

INTERVAL_NS = 1_000_000_000 // FPS


@dataclass(frozen=True)
class Camera:
    """Records of one stream.

    Attributes:
        stream: Stream id.
        records: What is published, in order; the end of the stream is the last one.
    """

    stream: str
    records: tuple[OutgoingRecord, ...]


@dataclass
class Spoken:
    """What a stream must say: texts, and the capture time of each narration's last frame."""

    texts: list[str] = field(default_factory=list)
    end_times_ns: list[int] = field(default_factory=list)


def camera(
    settings: Settings, stream: str, seed: int, num_frames: int, *, gop: int = 0, epoch: int = EPOCH
) -> Camera:
    """A camera that shows the world: JPEG images, or H.264 groups of `gop` frames."""
    video = generate(seed, max(num_frames / FPS, 30.0))
    pictures = [video.frame(i / FPS, PICTURE_SIZE) for i in range(num_frames)]
    size = gop or 1
    chunks = [pictures[i : i + size] for i in range(0, num_frames, size)]
    records = []
    for sequence, chunk in enumerate(chunks):
        start_ns = epoch + sequence * size * INTERVAL_NS
        times = tuple(start_ns + i * INTERVAL_NS for i in range(len(chunk)))
        kind, value = ("video/h264", encode_gop(chunk, FPS)) if gop else ("image/jpeg", encode_jpeg(chunk[0]))
        records.append(frame_record(settings, stream, value, FrameHeaders(kind, epoch, sequence, times)))
    end = FrameHeaders("", epoch, len(chunks), (epoch + (num_frames - 1) * INTERVAL_NS,), True)
    return Camera(stream, (*records, frame_record(settings, stream, None, end)))


def frame_record(
    settings: Settings, stream: str, value: bytes | None, headers: FrameHeaders
) -> OutgoingRecord:
    """One record in the partition of its stream."""
    topic = TopicNames.of(settings.kafka.prefix).frames
    partition = partition_of(stream, settings.kafka.partitions)
    return OutgoingRecord(topic, partition, stream.encode(), value, format_frame_headers(headers))


def with_headers(record: OutgoingRecord, **changed: str | None) -> OutgoingRecord:
    """The record with some headers changed; None takes one away."""
    names = {name.replace("_", "-"): value for name, value in changed.items()}
    headers = {**dict(record.headers), **{n: v.encode() for n, v in names.items() if v is not None}}
    return replace(record, headers=tuple((n, v) for n, v in headers.items() if names.get(n, "") is not None))


def publish(settings: Settings, records: Sequence[OutgoingRecord], pause_s: float = 0.0) -> None:
    """Send records in this order, `pause_s` apart, and wait until the broker has them."""
    pause = threading.Event()
    producer = IdempotentProducer(
        connection_kwargs(settings.kafka),
        client_id="test-camera",
        max_record_bytes=settings.frames.max_record_bytes,
    )
    for record in records:
        producer.send(record)
        pause.wait(pause_s)
    producer.flush(30.0)
    producer.close()


def expected(model: Path, cameras: Sequence[Camera]) -> dict[str, Spoken]:
    """What one process without services says about the same records."""
    narrator = LocalNarrator.load(model, NarratorSettings(), device="cpu")
    return {shown.stream: _speak(narrator, shown) for shown in cameras}


def _speak(narrator: LocalNarrator, shown: Camera) -> Spoken:
    spoken = Spoken()
    frames = _decoded(shown, narrator.image_size)
    for frame in narrator.narrate(frames, live=False):
        if frame.narration is not None:
            spoken.texts.append(frame.narration.text)
            spoken.end_times_ns.append(EPOCH + frame.narration.end_time_ns)
    return spoken


def _decoded(shown: Camera, size: int) -> list[TimedFrame]:
    pictures: list[np.ndarray] = []
    for record in shown.records:
        headers = dict(record.headers)
        if record.value is None:
            continue
        kind = headers["content-type"].decode()
        if kind == "video/h264":
            pictures += decode_gop(record.value, kind, size, int(headers["frame-count"]))
        else:
            pictures.append(decode_image(record.value, kind, size))
    return [TimedFrame(i / FPS, picture) for i, picture in enumerate(pictures)]
