"""The follower on a fake topic: outages, a topic that is made anew, and bad documents."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from pipeline.cameras.follower import CameraFollower
from pipeline.config import Settings
from pipeline.errors import BrokerError, OffsetOutOfRangeError
from pipeline.kafka_io.records import OffsetBounds, Record
from pipeline.messages.camera import CameraBook, CameraSettings


class Topic:
    """Its records by offset, and what is wrong with the broker."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.is_down = False
        self.num_open = 0
        self.end = 0

    def put(self, key: str, document: object) -> None:
        value = None if document is None else json.dumps(document).encode()
        self.records.append(Record("cameras", 0, self.end, 5, key.encode(), value))
        self.end += 1


class FakeConsumer:
    topic: Topic

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._check()
        self.topic.num_open += 1
        self._next = 0

    def _check(self) -> None:
        if self.topic.is_down:
            raise BrokerError("no answer")

    def bounds(self, topic: str, partition: int) -> OffsetBounds:
        self._check()
        return OffsetBounds(self.topic.records[0].offset if self.topic.records else 0, self.topic.end)

    def assign(self, topic: str, partition: int, offset: int) -> None:
        self._next = offset

    def position(self, topic: str, partition: int) -> int:
        return self._next

    def poll(self, wait_s: float) -> list[Record]:
        self._check()
        if self._next > self.topic.end:
            raise OffsetOutOfRangeError("behind the end", offset=self._next, beginning=0, end=self.topic.end)
        there = [record for record in self.topic.records if record.offset >= self._next][:2]
        self._next = there[-1].offset + 1 if there else self.topic.end
        return there

    def close(self) -> None:
        self.topic.num_open -= 1


@pytest.fixture
def topic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Topic]:
    FakeConsumer.topic = Topic()
    monkeypatch.setattr("pipeline.cameras.follower.PartitionConsumer", FakeConsumer)
    yield FakeConsumer.topic
    assert FakeConsumer.topic.num_open <= 1


@pytest.fixture
def follower(topic: Topic) -> CameraFollower:
    return CameraFollower(Settings())


def test_the_first_book_is_whole_even_if_it_is_empty(topic: Topic, follower: CameraFollower) -> None:
    assert follower.poll() == CameraBook()
    assert follower.poll() is None
    for i in range(5):
        topic.put(f"cam/{i}", {"fps": i + 1})
    follower.close()
    book = CameraFollower(Settings()).poll()
    assert book is not None
    assert len(book.cameras) == 5


def test_a_book_is_told_when_it_changes(topic: Topic, follower: CameraFollower) -> None:
    topic.put("a", {"fps": 1})
    first = follower.poll()
    topic.put("a", {"fps": 1.0})
    assert follower.poll() is None, "that says nothing new"
    topic.put("a", None)
    second = follower.poll()
    assert first is not None
    assert second is not None
    assert (first.of("a"), second.of("a")) == (CameraSettings(fps=1), CameraSettings())
    assert second.version > first.version


def test_an_outage_changes_nothing_and_is_logged_once(
    topic: Topic, follower: CameraFollower, caplog: pytest.LogCaptureFixture
) -> None:
    topic.is_down = True
    assert [follower.poll() for _ in range(3)] == [None] * 3
    topic.is_down = False
    topic.put("a", {"fps": 1})
    book = follower.poll()
    assert book is not None
    topic.is_down = True
    topic.put("a", {"fps": 2})
    assert [follower.poll() for _ in range(3)] == [None] * 3
    topic.is_down = False
    later = follower.poll()
    assert later is not None
    assert later.of("a") == CameraSettings(fps=2)
    told = ["failed" if "can't be read" in message else "works" for message in caplog.messages]
    assert told == ["failed", "works"] * 2


def test_after_an_outage_without_news_nothing_is_told(topic: Topic, follower: CameraFollower) -> None:
    topic.put("a", {"fps": 1})
    assert follower.poll() is not None
    topic.is_down = True
    follower.poll()
    topic.is_down = False
    assert follower.poll() is None


def test_a_topic_that_was_made_anew_is_read_anew(topic: Topic, follower: CameraFollower) -> None:
    for _ in range(4):
        topic.put("a", {"fps": 1})
    first = follower.poll()
    topic.records, topic.end = [], 0
    topic.put("b", {"fps": 3})
    assert follower.poll() is None
    second = follower.poll()
    assert first is not None
    assert second is not None
    assert dict(second.cameras) == {"b": CameraSettings(fps=3)}
    assert second.version > first.version


def test_bad_documents_are_kept_until_they_are_told(topic: Topic, follower: CameraFollower) -> None:
    topic.put("a", {"fps": "fast"})
    topic.put("b", {"fps": 2})
    topic.put("b", {"speed": 2})
    book = follower.poll()
    assert book is not None
    assert dict(book.cameras) == {"b": CameraSettings(fps=2)}
    letters = follower.refused()
    assert [letter.offset for letter in letters] == [0, 2]
    assert follower.refused() == letters
    follower.forget_refused(letters[:1])
    assert follower.refused() == letters[1:]
    follower.forget_refused(letters)
    topic.is_down = True
    follower.poll()
    topic.is_down = False
    topic.put("c", {})
    follower.poll()
    assert follower.refused() == (), "they are read again, and told already"
    topic.records, topic.end = [], 0
    topic.put("a", {"fps": 0})
    follower.poll()
    follower.poll()
    assert [letter.offset for letter in follower.refused()] == [0], "of another topic"
