import time

import pytest

from pipeline.config import KafkaSettings, Settings
from pipeline.doctor import kafka_checks
from pipeline.doctor.finding import Finding
from pipeline.doctor.kafka_checks import check_kafka
from pipeline.kafka_io.admin import TopicState
from pipeline.kafka_io.records import Record
from pipeline.wire.frame_record import FrameHeaders, format_frame_headers
from pipeline.wire.partitioner import partition_of

FRAMES = TopicState("flownar.frames", "id", 4, {})


def frame(stream: str, *, partition: int | None = None, received_s: float, captured_s: float) -> Record:
    headers = format_frame_headers(FrameHeaders("image/jpeg", 1, 0, (round(captured_s * 1e9),)))
    wanted = partition_of(stream, 4) if partition is None else partition
    return Record("flownar.frames", wanted, 0, round(received_s * 1000), stream.encode(), b"x", headers)


def check(monkeypatch: pytest.MonkeyPatch, *records: Record) -> list[Finding]:
    monkeypatch.setattr(kafka_checks, "_newest", lambda *_: list(records))
    return kafka_checks._check_frames(Settings(), [FRAMES])


def test_good_frames_and_none(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    good = frame("cam-1", received_s=now, captured_s=now - 0.1)
    refused = Record("flownar.frames", 0, 1, round(now * 1000), b"//", b"x")
    assert [finding.level for finding in check(monkeypatch, good, refused)] == ["ok"]
    assert check(monkeypatch)[0].message == "none yet"
    assert kafka_checks._check_frames(Settings(), []) == []


def test_a_publisher_with_another_partitioner(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    stray = frame("cam-1", partition=0, received_s=now, captured_s=now)
    (finding,) = check(monkeypatch, stray)
    assert (finding.area, finding.level) == ("partitioner", "problem")
    assert "murmur2_random" in finding.action


def test_clocks_that_are_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    (publisher,) = check(monkeypatch, frame("cam-1", received_s=now, captured_s=now + 60))
    assert publisher.message == "a frame of cam-1 was captured 60 s after the broker received it"
    (broker,) = check(monkeypatch, frame("cam-1", received_s=now + 60, captured_s=now))
    assert "broker's clock" in broker.message


def test_a_broker_that_does_not_answer_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka_checks, "CONNECT_TIMEOUT_S", 0.5)
    (finding,) = check_kafka(Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1")))
    assert (finding.area, finding.level) == ("kafka", "problem")
    assert "flownar up" in finding.action
