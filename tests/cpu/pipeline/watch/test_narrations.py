"""NarrationReader and EventReader over lists: order, other types, rubbish, a log that lost its beginning."""

import pytest

from pipeline.config import KafkaSettings
from pipeline.errors import OffsetOutOfRangeError
from pipeline.kafka_io.records import OffsetBounds, Record
from pipeline.watch import events as event_reader
from pipeline.watch.events import BEGINNING, EventReader, ReadEvent
from pipeline.watch.narrations import NarrationReader
from pipeline.wire.notice_event import NoticeEvent, encode_notice
from tests.support import stream_events as known
from tests.support.outputs import narration_event, narration_record

KAFKA = KafkaSettings(partitions=2)


class ListConsumer:
    """Stands for the partition consumer: returns the logs in one poll, partition by partition."""

    def __init__(self, logs: dict[int, list[Record]], beginning: int = 0) -> None:
        self.logs = logs
        self.positions: dict[int, int] = {}
        self.beginning = beginning
        self.closed = False

    def bounds(self, topic: str, partition: int) -> OffsetBounds:
        return OffsetBounds(self.beginning, len(self.logs[partition]))

    def assign(self, topic: str, partition: int, offset: int) -> None:
        self.positions[partition] = offset

    def position(self, topic: str, partition: int) -> int:
        return self.positions[partition]

    def poll(self, timeout_s: float) -> list[Record]:
        if any(position < self.beginning for position in self.positions.values()):
            raise OffsetOutOfRangeError("gone", offset=0, beginning=self.beginning, end=9)
        records = [record for p, log in self.logs.items() for record in log[self.positions[p] :]]
        self.positions = {partition: len(log) for partition, log in self.logs.items()}
        return records

    def close(self) -> None:
        self.closed = True


def record_of(partition: int, offset: int, timestamp_ms: int) -> Record:
    sent = narration_record(KAFKA, narration_event(f"cam/{partition}", offset, f"{partition}:{offset}"))
    return Record(sent.topic, partition, offset, timestamp_ms, sent.key, sent.value, sent.headers)


def record_of_event(offset: int, event: NoticeEvent, event_type: str | None = None) -> Record:
    value, headers = encode_notice(event)
    if event_type is not None:
        headers = tuple((k, event_type.encode() if k == "ce_type" else v) for k, v in headers)
    return Record("flownar.narrations", 0, offset, offset, event.stream.encode(), value, headers)


def reader_of(consumer: ListConsumer, monkeypatch: pytest.MonkeyPatch) -> NarrationReader:
    monkeypatch.setattr(event_reader, "PartitionConsumer", lambda *_, **__: consumer)
    return NarrationReader(KAFKA, start=BEGINNING)


def texts(reader: NarrationReader) -> list[str]:
    return [read.event.narration.text for read in reader.read(0.0)]


def test_partitions_are_merged_by_time_and_keep_their_own_order(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = {
        0: [record_of(0, 0, 10), record_of(0, 1, 40), record_of(0, 2, 35)],
        1: [record_of(1, 0, 20), record_of(1, 1, 30)],
    }
    reader = reader_of(ListConsumer(logs), monkeypatch)
    assert not reader.has_read_present()
    assert texts(reader) == ["0:0", "1:0", "1:1", "0:1", "0:2"]
    assert reader.has_read_present()


def test_records_that_are_no_narrations_are_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rubbish = Record("flownar.narrations", 0, 0, 5, b"cam/0", b"not json", ())
    reader = reader_of(ListConsumer({0: [rubbish, record_of(0, 1, 6)], 1: []}), monkeypatch)
    assert texts(reader) == ["0:1"]
    assert "flownar.narrations [0] @0" in caplog.text


def test_other_events_are_left_out_silently_unless_they_are_wanted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = [known.notice(c, number=n) for n, c in enumerate((known.MISSING, known.SHED, known.UNNARRATED), 1)]
    newer = record_of_event(4, known.notice(known.SILENT), "flownar.new.v1")
    log = [record_of(0, 0, 0), *(record_of_event(event.number, event) for event in told), newer]
    assert texts(reader_of(ListConsumer({0: log, 1: []}), monkeypatch)) == ["0:0"]
    monkeypatch.setattr(event_reader, "PartitionConsumer", lambda *_, **__: ListConsumer({0: log, 1: []}))
    with EventReader(KAFKA, start=BEGINNING, streams=["hall/*"]) as reader:
        assert reader.read(0.0) == [ReadEvent(event, 0, event.number, event.number) for event in told]
    assert caplog.text == ""


def test_an_event_that_cannot_be_read_does_not_stop_the_reader(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    good = known.notice(known.MISSING)
    # A gap's data under the type of a fault.
    log = [record_of_event(0, good, "flownar.fault.v1"), record_of_event(1, good)]
    monkeypatch.setattr(event_reader, "PartitionConsumer", lambda *_, **__: ListConsumer({0: log, 1: []}))
    with EventReader(KAFKA, start=BEGINNING) as reader:
        assert [read.offset for read in reader.read(0.0)] == [1]
    assert "flownar.narrations [0] @0" in caplog.text


def test_reading_goes_on_where_the_log_begins_now(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = ListConsumer({0: [record_of(0, 0, 1), record_of(0, 1, 2)], 1: [record_of(1, 0, 3)]})
    with reader_of(consumer, monkeypatch) as reader:
        consumer.beginning = 1
        assert texts(reader) == []
        assert "oldest events that are left" in caplog.text
        assert texts(reader) == ["0:1"]
    assert consumer.closed
