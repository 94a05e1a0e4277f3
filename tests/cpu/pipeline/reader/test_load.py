from __future__ import annotations

import logging
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.reader.allocation import Demand
from pipeline.reader.load import WINDOW_S, LaneEnd, NarratorLoad

SHED_AFTER_S = 30.0


class FakeLane:
    """A partition of two cameras, of which `speed` records a second are taken and 20 come."""

    def __init__(self, name: str, speed: float, priority: int = 5) -> None:
        self.name, self.speed, self.priority = name, speed, priority
        self.taken, self.end, self.age = 0, 0, 0.0
        self.ratios: Mapping[str, float] = {}
        self.intake = SimpleNamespace(choice=self)

    def age_s(self, now_s: float) -> float:
        return self.age

    def take_demands(self) -> dict[str, Demand]:
        return {f"{self.name}{i}": Demand(self.priority, 50) for i in (1, 2)}

    def set_ratios(self, ratios: Mapping[str, float]) -> None:
        self.ratios = ratios

    def pass_time(self, seconds: float) -> None:
        self.end += round(20 * seconds)
        self.taken = min(self.end, self.taken + round(self.speed * seconds))
        self.age = (self.end - self.taken) / 20

    def seen(self) -> Any:
        return LaneEnd(self, self.end)  # type: ignore[arg-type]


def run(load: NarratorLoad, lanes: list[FakeLane], seconds: float, start_s: float = 0.0) -> None:
    for step in range(round(seconds)):
        for lane in lanes:
            lane.pass_time(1.0)
        load.look([lane.seen() for lane in lanes], start_s + step)


def test_partitions_that_keep_up_keep_all() -> None:
    lanes = [FakeLane("a", 20), FakeLane("b", 25)]
    run(NarratorLoad(SHED_AFTER_S), lanes, 300)
    assert [lane.ratios for lane in lanes] == [{}, {}]


def test_the_lowest_priority_of_all_partitions_loses_frames_first(caplog: pytest.LogCaptureFixture) -> None:
    """Not only those of the partition that is late."""
    late, calm = FakeLane("late", 12, priority=5), FakeLane("calm", 20, priority=1)
    with caplog.at_level(logging.WARNING):
        run(NarratorLoad(SHED_AFTER_S), [late, calm], 130)
    assert late.ratios == calm.ratios
    assert late.ratios["calm1"] < late.ratios["late1"]
    assert len(caplog.records) == 1, "told once"


def test_what_stands_still_is_no_overload() -> None:
    stuck, well = FakeLane("stuck", 0), FakeLane("well", 20)
    run(NarratorLoad(SHED_AFTER_S), [stuck, well], 300)
    assert stuck.age > SHED_AFTER_S
    assert stuck.ratios == well.ratios == {}


def test_partitions_come_and_go(caplog: pytest.LogCaptureFixture) -> None:
    load, first = NarratorLoad(SHED_AFTER_S), FakeLane("a", 10)
    run(load, [first], 120)
    assert first.ratios["a1"] < 1.0
    fresh = FakeLane("b", 20)
    run(load, [fresh], 20 * WINDOW_S, start_s=200.0)
    assert fresh.ratios == {}
    assert caplog.messages[-1] == "all frames are kept again"
