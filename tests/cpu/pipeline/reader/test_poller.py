from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import BrokerError, OffsetOutOfRangeError
from pipeline.reader.poller import FramesPoller


class FakeConsumer:
    """Answers with what the test puts in."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.paused: set[int] = set()

    def pause(self, topic: str, partition: int) -> None:
        self.paused.add(partition)

    def resume(self, topic: str, partition: int) -> None:
        self.paused.discard(partition)

    def poll(self, wait_s: float, max_records: int) -> list[Any]:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


class FakeLane:
    def __init__(self, wants: bool, lost: str = "") -> None:
        self.wants_records, self.lost_because = wants, lost
        self.offered: list[int] = []

    def offer(self, records: Any) -> None:
        self.offered += [record.offset for record in records]


def record(partition: int, offset: int) -> Any:
    return SimpleNamespace(partition=partition, offset=offset)


@pytest.fixture
def consumer() -> FakeConsumer:
    return FakeConsumer()


@pytest.fixture
def poller(consumer: FakeConsumer, monkeypatch: pytest.MonkeyPatch) -> FramesPoller:
    monkeypatch.setattr("pipeline.reader.poller.time.sleep", lambda seconds: None)
    return FramesPoller(consumer, "frames")  # type: ignore[arg-type]


def test_partitions_that_want_none_are_paused(consumer: FakeConsumer, poller: FramesPoller) -> None:
    lanes: Any = {0: FakeLane(True), 1: FakeLane(False), 2: FakeLane(False, "lost")}
    consumer.answers = [[record(0, 4), record(0, 5)]]
    assert poller.poll(lanes, 0.0)
    assert (lanes[0].offered, lanes[1].offered) == ([4, 5], [])
    assert consumer.paused == {1}, "a lost one is not assigned any more"
    lanes[0].wants_records = False
    assert not poller.poll(lanes, 0.0)
    assert consumer.paused == {0, 1}


def test_an_outage_is_logged_once_and_its_end_too(
    consumer: FakeConsumer, poller: FramesPoller, caplog: pytest.LogCaptureFixture
) -> None:
    lanes: Any = {0: FakeLane(True)}
    consumer.answers = [BrokerError("down"), BrokerError("down"), [], [record(0, 4)], [record(0, 5)]]
    for _ in range(5):
        assert poller.poll(lanes, 0.0)
    assert caplog.messages == ["frames: down Trying again.", "frames: records come again"]
    assert lanes[0].offered == [4, 5]


def test_a_position_outside_of_the_log_is_for_others_to_deal_with(
    consumer: FakeConsumer, poller: FramesPoller
) -> None:
    consumer.answers = [OffsetOutOfRangeError("gone", offset=1, beginning=5, end=9)]
    with pytest.raises(OffsetOutOfRangeError):
        poller.poll({0: FakeLane(True)}, 0.0)  # type: ignore[dict-item]
