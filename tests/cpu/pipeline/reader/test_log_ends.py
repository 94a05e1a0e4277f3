from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import BrokerError
from pipeline.messages.reading import ReadingPlan
from pipeline.reader.credits import Credits
from pipeline.reader.lane import ReaderLane
from pipeline.reader.log_ends import LOOK_EVERY_S, PAUSE_S, LogEnds


class FakeConsumer:
    """Two partitions whose logs end at 10; partition 1 has been read up to 8."""

    def __init__(self) -> None:
        self.fails = False
        self.num_asked = 0

    def ends(self, topic: str, partitions: list[int], timeout_s: float) -> dict[int, int]:
        self.num_asked += 1
        if self.fails:
            raise BrokerError("down")
        return dict.fromkeys(partitions, 10)

    def position(self, topic: str, partition: int) -> int:
        return 10 if partition == 0 else 8


class Narrator:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []
        self.caught_up = SimpleNamespace(remote=lambda *what: self.told.append(what))


@pytest.fixture
def parts() -> Any:
    consumer, narrator = FakeConsumer(), Narrator()
    lanes = [
        ReaderLane(ReadingPlan(p, 7, 3, 3, 8, {}), narrator, None, Credits(9, 9, 9))  # type: ignore[arg-type]
        for p in (0, 1)
    ]
    ends = LogEnds(consumer, "frames", None)  # type: ignore[arg-type]
    return SimpleNamespace(consumer=consumer, narrator=narrator, lanes=lanes, ends=ends)


def test_a_narrator_is_told_what_is_read_to_its_end_every_two_seconds(parts: Any) -> None:
    parts.ends.look(parts.lanes, 100.0)
    assert parts.narrator.told == [(0, 7)]
    parts.ends.look(parts.lanes, 100.0 + LOOK_EVERY_S / 2)
    assert parts.consumer.num_asked == 1
    parts.ends.look(parts.lanes, 100.0 + LOOK_EVERY_S)
    assert parts.narrator.told == [(0, 7)] * 2


def test_not_while_a_record_waits_or_is_not_answered(parts: Any) -> None:
    parts.lanes[0].offer([SimpleNamespace(offset=9, timestamp_ms=0)])
    parts.ends.look(parts.lanes, 100.0)
    assert parts.narrator.told == []


def test_not_of_a_lost_partition(parts: Any) -> None:
    parts.lanes[0].lose("gone")
    parts.ends.look(parts.lanes, 100.0)
    assert parts.narrator.told == []
    parts.lanes[1].lose("gone")
    parts.ends.look(parts.lanes, 200.0)
    assert parts.consumer.num_asked == 1, "there is nothing to ask for"


def test_a_broker_that_does_not_answer_is_left_alone_and_says_nothing_about_silence(parts: Any) -> None:
    parts.consumer.fails = True
    parts.ends.look(parts.lanes, 100.0)
    parts.ends.look(parts.lanes, 100.0 + PAUSE_S / 2)
    assert parts.consumer.num_asked == 1
    parts.consumer.fails = False
    parts.ends.look(parts.lanes, 100.0 + PAUSE_S)
    assert parts.narrator.told == [(0, 7)]
