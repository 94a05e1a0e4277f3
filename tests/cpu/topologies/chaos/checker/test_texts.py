"""Texts, times and a second reading that differ, and decisions so close that they may."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.checked_log import RULES, Log, Stream
from tests.support.planted import edited, found, log_of_a_day, mine, with_events
from topologies.chaos.checker.check import check
from topologies.chaos.checker.records import LogRecord
from topologies.chaos.checker.verdict import Category


@pytest.mark.parametrize("field", ["text", "end"])
def test_a_changed_text_or_time(field: str) -> None:
    log, _ = log_of_a_day()

    def change(events: list[LogRecord]) -> list[LogRecord]:
        return [*events[:2], edited(events[2], **{field: "2026-01-02T03:04:05.000000000Z"}), *events[3:]]

    assert found(with_events(log, change)) == {"changed_text": 1}


def near(events: list[LogRecord], margin: dict[str, float | None]) -> list[LogRecord]:
    return [*events[:2], edited(events[2], text="Something else.", margin=margin), *events[3:]]


@pytest.mark.parametrize("name", ["p_skip", "logit"])
def test_a_text_that_changed_because_a_decision_was_close(name: str) -> None:
    log, _ = log_of_a_day()
    margin: dict[str, float | None] = {"p_skip": 0.3, "logit": None} | {name: 9e-4}
    verdict = check(with_events(log, lambda events: near(events, margin)), RULES)
    assert verdict.problems == ()
    assert verdict.near_ties == 1
    # One of twelve: far more than half a percent.
    assert not verdict.passed


def test_a_decision_that_was_not_close_excuses_nothing() -> None:
    log, _ = log_of_a_day()
    changed = with_events(log, lambda events: near(events, {"p_skip": 1e-3, "logit": 0.5}))
    assert found(changed) == {"changed_text": 1}


def test_what_follows_a_close_decision_is_counted_with_it_but_what_precedes_it_is_not() -> None:
    log, _ = log_of_a_day()

    def change(events: list[LogRecord]) -> list[LogRecord]:
        first, last = edited(events[1], text="Before."), edited(events[4], text="Behind.")
        close = near(events, {"p_skip": 1e-4, "logit": None})
        return [close[0], first, close[2], close[3], last, *close[5:]]

    verdict = check(with_events(log, change), RULES)
    assert verdict.near_ties + verdict.count(Category.CHANGED_TEXT) == 3
    assert verdict.count(Category.CHANGED_TEXT) in (0, 1)


def test_texts_behind_left_out_frames_are_not_compared() -> None:
    log = Log()
    stream = Stream(log)
    stream.frame()
    stream.narrate()
    stream.shed()
    stream.frame()
    stream.narrate("This depends on what was left out.")
    stream.end()
    readings = log.readings()
    calm = [edited(event, text="Another.") for event in readings.calm_events or ()]
    verdict = check(replace(readings, calm_events=(calm[0], *calm[1:])), RULES)
    assert verdict.count(Category.CHANGED_TEXT) == 1
    assert verdict.not_compared == 1


def test_a_second_reading_that_differs() -> None:
    log, _ = log_of_a_day()
    readings = log.readings()
    live = list(readings.live_events or ())
    place = mine(live)[3]
    live[place] = edited(live[place], text="Something else.")
    assert found(replace(readings, live_events=live)) == {"changed_text": 1}
    del live[place]
    assert found(replace(readings, live_events=live)) == {"lost": 1}
    events = [event for event in readings.events if event != readings.events[mine(readings.events)[1]]]
    assert found(replace(readings, events=events))["changed_text"] == 1


def test_a_live_reader_may_have_stopped_earlier() -> None:
    log, _ = log_of_a_day()
    readings = log.readings()
    assert found(replace(readings, live_events=tuple(readings.events[:9]))) == {}
