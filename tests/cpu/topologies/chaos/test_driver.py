"""The driver keeps to the schedule, and does later what could not be done in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from pipeline.errors import ServiceError
from tests.support.waiting import wait_until
from topologies.chaos.driver import AGAIN_AFTER_S, AT_ONCE, FaultDriver
from topologies.chaos.faults import DoneFault
from topologies.chaos.schedule import FaultKind, PlannedFault

DEADLINE_S = 5.0


def planned(at_s: float, kind: FaultKind = FaultKind.KILL_READER) -> PlannedFault:
    return PlannedFault(at_s, kind, 0.0, 0.0)


def done(fault: PlannedFault) -> DoneFault:
    return DoneFault(fault.kind, "somebody", 0, 0, ())


@pytest.fixture
def drive() -> Iterator[Callable[..., FaultDriver]]:
    """Function that makes drivers, which are closed in the end."""
    drivers: list[FaultDriver] = []

    def make(faults: list[PlannedFault], do: Callable[[PlannedFault], DoneFault | None]) -> FaultDriver:
        drivers.append(FaultDriver(faults, do, lambda _: None))
        return drivers[-1]

    yield make
    for driver in drivers:
        driver.close()


def finish(driver: FaultDriver) -> None:
    """Step until nothing is under way."""

    def is_idle() -> bool:
        # Long before anything new is due.
        driver.step(-1000.0)
        return driver.is_idle

    wait_until(is_idle, "the end of the faults", DEADLINE_S)


def test_a_fault_is_done_when_its_time_comes(drive: Callable[..., FaultDriver]) -> None:
    driver = drive([planned(1.0), planned(2.0)], done)
    driver.step(0.9)
    assert driver.is_idle
    driver.step(1.0)
    finish(driver)
    assert len(driver.done) == 1
    driver.step(2.5)
    finish(driver)
    assert len(driver.done) == 2
    assert driver.num_left == 0


def test_a_fault_without_a_target_waits_and_is_still_done(drive: Callable[..., FaultDriver]) -> None:
    targets = [False, False, True]
    driver = drive([planned(1.0)], lambda fault: done(fault) if targets.pop(0) else None)
    now_s = 1.0
    while driver.num_left:
        driver.step(now_s)
        finish(driver)
        now_s += AGAIN_AFTER_S
    assert len(driver.done) == 1
    assert targets == []


def test_several_faults_are_under_way_at_once_but_not_too_many(drive: Callable[..., FaultDriver]) -> None:
    go_on = threading.Event()
    started: list[PlannedFault] = []

    def do(fault: PlannedFault) -> DoneFault:
        started.append(fault)
        go_on.wait(DEADLINE_S)
        return done(fault)

    driver = drive([planned(float(i)) for i in range(AT_ONCE + 2)], do)
    driver.step(100.0)
    wait_until(lambda: len(started) == AT_ONCE, "the first faults", DEADLINE_S)
    driver.step(100.0)
    assert driver.num_left == AT_ONCE + 2
    go_on.set()
    finish(driver)
    driver.step(100.0)
    finish(driver)
    assert len(driver.done) == AT_ONCE + 2


def test_what_does_not_come_back_ends_the_run(drive: Callable[..., FaultDriver]) -> None:
    def do(_: PlannedFault) -> DoneFault:
        raise ServiceError("Kafka does not come back.")

    driver = drive([planned(0.0)], do)
    driver.step(0.0)
    with pytest.raises(ServiceError, match="come back"):
        finish(driver)
