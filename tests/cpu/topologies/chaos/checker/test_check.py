"""Every planted fault is found, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.checked_log import RULES, Log, Stream
from tests.support.planted import edited, found, log_of_a_day, mine, with_events, with_number
from topologies.chaos.checker.check import Readings, check
from topologies.chaos.checker.records import LogRecord
from topologies.chaos.checker.verdict import Verdict


def test_a_right_log_has_nothing() -> None:
    log, _ = log_of_a_day()
    verdict = check(log.readings(), RULES)
    assert [str(problem) for problem in verdict.problems] == []
    assert verdict.passed
    assert verdict.expected == verdict.narrations == 12
    assert verdict.gaps == (("missing-sequence", 2),)
    assert verdict.dead_letters == (("image-corrupt", 2),)


def test_a_lost_narration() -> None:
    log, _ = log_of_a_day()
    # Its three frames and its number.
    assert found(with_events(log, lambda events: events[:2] + events[3:])) == {"lost": 4}


def test_a_lost_narration_whose_number_was_given_to_the_next_one() -> None:
    log, _ = log_of_a_day()

    def lose(events: list[LogRecord]) -> list[LogRecord]:
        return events[:2] + [with_number(event, i) for i, event in enumerate(events[3:], start=2)]

    assert found(with_events(log, lose)) == {"lost": 3}


def test_the_last_narration_of_an_ended_stream_is_lost() -> None:
    log, _ = log_of_a_day()
    assert found(with_events(log, lambda events: events[:-1])) == {"lost": 5}


def test_frames_behind_the_last_narration_of_a_stream_that_goes_on_are_not_lost() -> None:
    log = Log()
    stream = Stream(log)
    stream.frame()
    stream.narrate()
    stream.frame()
    assert found(log.readings()) == {}


def test_a_duplicate() -> None:
    log, _ = log_of_a_day()
    assert found(with_events(log, lambda events: [*events, events[2]])) == {"doubled": 1}


def test_a_duplicate_under_a_number_of_its_own() -> None:
    log, stream = log_of_a_day()
    number = stream.segment or 7

    def double(events: list[LogRecord]) -> list[LogRecord]:
        last = events[-1]
        return [*events, edited(with_number(last, number), segment=number)]

    counts = found(with_events(log, double))
    assert counts["doubled"] == 5
    assert set(counts) <= {"doubled", "out_of_order"}


def test_a_swap() -> None:
    log, _ = log_of_a_day()

    def swap(events: list[LogRecord]) -> list[LogRecord]:
        return [*events[:2], events[3], events[2], *events[4:]]

    assert found(with_events(log, swap)) == {"out_of_order": 1}


def test_a_swap_of_positions_under_the_right_numbers() -> None:
    log, _ = log_of_a_day()

    def swap(events: list[LogRecord]) -> list[LogRecord]:
        second, third = with_number(events[3], 2), with_number(events[2], 3)
        return [*events[:2], second, third, *events[4:]]

    assert found(with_events(log, swap)) == {"out_of_order": 1}


def test_an_untold_gap() -> None:
    log, _ = log_of_a_day()
    gap = next(i for i in mine(log.events) if ("ce_type", b"flownar.gap.v1") in log.events[i].headers)
    place = mine(log.events).index(gap)

    def untell(events: list[LogRecord]) -> list[LogRecord]:
        left = [*events[:place], *events[place + 1 :]]
        return [with_number(event, i) for i, event in enumerate(left)]

    assert found(with_events(log, untell)) == {"untold_gaps": 1}


def test_a_gap_event_without_a_gap() -> None:
    log, stream = log_of_a_day()
    stream.frame()
    stream.skip()
    stream.sequence -= 1
    stream.frame()
    stream.end()
    assert found(log.readings()) == {"untold_gaps": 1}


def test_a_frame_covered_twice() -> None:
    log, _ = log_of_a_day()

    def widen(events: list[LogRecord]) -> list[LogRecord]:
        source = json.loads(events[3].value or b"")["source"]
        before = json.loads(events[2].value or b"")["source"]["end"]
        return [*events[:3], edited(events[3], frames=4, source={**source, "start": before}), *events[4:]]

    assert found(with_events(log, widen)) == {"doubled": 1}


def test_a_frame_covered_by_none() -> None:
    log, _ = log_of_a_day()

    def narrow(events: list[LogRecord]) -> list[LogRecord]:
        source = json.loads(events[3].value or b"")["source"]
        start = {**source["start"], "offset": source["start"]["offset"] + 1}
        return [*events[:3], edited(events[3], frames=2, source={**source, "start": start}), *events[4:]]

    assert found(with_events(log, narrow)) == {"lost": 1}


@pytest.mark.parametrize(("said", "counts"), [(2, {"lost": 1}), (4, {"doubled": 1}), (-1, {"lost": 3})])
def test_a_narration_that_was_shown_more_or_fewer_frames(said: int, counts: dict[str, int]) -> None:
    log, _ = log_of_a_day()
    changed = with_events(log, lambda events: [*events[:3], edited(events[3], frames=said), *events[4:]])
    assert found(changed) == counts


def test_a_frame_inside_of_a_group_of_pictures_is_covered_by_none() -> None:
    log = Log()
    stream = Stream(log)
    stream.frame()
    stream.narrate()
    stream.frame(4)
    stream.open_frames.pop(0)
    stream.end()
    assert found(log.readings()) == {"lost": 1}


def test_an_event_that_nobody_can_read_is_lost() -> None:
    log, _ = log_of_a_day()
    event = log.events[0]
    log.events.append(replace(event, offset=len(log.events), value=b"{"))
    readings = log.readings()
    assert found(replace(readings, calm_events=readings.calm_events and readings.calm_events[:-1])) == {
        "lost": 1
    }


def test_an_empty_log_does_not_pass() -> None:
    assert not check(Readings((), (), ()), RULES).passed
    assert not Verdict().passed
