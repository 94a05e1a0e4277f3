"""What an outage cost, from topics written by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.checked_log import EVERY_MS, START_MS, Log, Stream
from topologies.bench.outage_figures import Trial, figures_of
from topologies.bench.outages import all_outages

NUM_FRAMES = 30
BEGAN_MS = START_MS + 10 * EVERY_MS + 1
ENDED_MS = START_MS + 20 * EVERY_MS + 1


@pytest.fixture
def log() -> Log:
    """Two streams, one of each of two outages; nothing is narrated during the first one."""
    log = Log()
    for name in ("cut/0", "away/0"):
        stream = Stream(log, name)
        for number in range(NUM_FRAMES):
            stream.frame()
            if name == "cut/0" or not 9 < number < 22:
                stream.narrate()
    return log


def trial(stream: str = "away/0") -> Trial:
    told = "Kafka does not answer"
    return Trial(all_outages()[0], frozenset({stream}), BEGAN_MS, ENDED_MS, told, {"reader": 3 * 2**20})


def test_the_pause_is_seen_and_nothing_is_lost(log: Log) -> None:
    figures = figures_of(trial(), log.frames, log.events)
    assert figures.scenario == "broker away"
    assert (figures.lost, figures.doubled, figures.wrong, figures.faults, figures.left_out) == (0, 0, 0, 0, 0)
    assert figures.outage_s == 20.0
    assert figures.narrations == NUM_FRAMES - 12
    assert 20 <= figures.longest_pause_s <= 28
    assert 0 < figures.back_after_s <= 6
    assert (figures.told, figures.peak_mib) == ("Kafka does not answer", {"reader": 3})


def test_only_the_streams_of_the_outage_count(log: Log) -> None:
    log.events.pop()  # of away/0
    assert figures_of(trial("cut/0"), log.frames, log.events).lost == 0
    assert figures_of(trial("cut/0"), log.frames, log.events).longest_pause_s < 4


def test_a_narration_that_is_missing_or_there_twice_is_found(log: Log) -> None:
    mine = [record for record in log.events if record.key == b"away/0"]
    lost = [record for record in log.events if record is not mine[5]]
    assert figures_of(trial(), log.frames, lost).lost > 0
    again = [*log.events, replace(mine[5], offset=10**6)]
    assert figures_of(trial(), log.frames, again).doubled > 0


def test_a_topology_that_never_comes_back_says_so(log: Log) -> None:
    early = [record for record in log.events if record.timestamp_ms < BEGAN_MS]
    assert figures_of(trial(), log.frames, early).back_after_s == -1.0


def test_every_outage_has_a_name_of_its_own() -> None:
    names = [outage.name for outage in all_outages()]
    assert len(set(names)) == len(names) == 10
