"""Every planted fault is found, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.support.checked_log import RULES, Log, Stream
from topologies.chaos.checker.check import Readings, check
from topologies.chaos.checker.records import LogRecord
from topologies.chaos.checker.verdict import Category, Verdict

NAMES = [str(category) for category in Category]


def log_of_a_day() -> tuple[Log, Stream]:
    """A log with some of everything; the second stream has the events 0 to 6."""
    log = Log()
    for name in ("dock/1", "dock/2"):
        stream = Stream(log, name)
        stream.frame()
        stream.narrate("A bench with a box.")
        for i in range(4):
            for _ in range(3):
                stream.frame()
            stream.narrate(f"The hand does thing {i}.")
        stream.corrupt()
        stream.frame(4)
        stream.skip()
        stream.frame()
        stream.end()
    return log, stream


def found(readings: Readings) -> dict[str, int]:
    """Counts of the categories that are not zero."""
    verdict = check(readings, RULES)
    counts = verdict.to_json()
    return {name: counts[name] for name in NAMES if counts[name]}


def mine(records: tuple[LogRecord, ...] | list[LogRecord]) -> list[int]:
    """Indices of the second stream's records."""
    return [i for i, record in enumerate(records) if record.key == b"dock/2"]


def renumbered(records: list[LogRecord]) -> tuple[LogRecord, ...]:
    """Offsets in the order of the list."""
    return tuple(replace(record, offset=i) for i, record in enumerate(records))


def with_events(log: Log, change: Callable[[list[LogRecord]], list[LogRecord]]) -> Readings:
    """Readings in which the second stream's events are others, in both readings of them."""
    readings = log.readings()
    events = list(readings.events)
    places = mine(events)
    changed = change([events[i] for i in places])
    others = [event for event in events if event.key != b"dock/2"]
    again = renumbered(others + changed)
    return replace(readings, events=again, live_events=again)


def edited(record: LogRecord, **fields: Any) -> LogRecord:
    return replace(record, value=json.dumps({**json.loads(record.value or b""), **fields}).encode())


def with_number(record: LogRecord, number: int) -> LogRecord:
    stem = dict(record.headers)["ce_id"].decode().rpartition("#")[0]
    headers = {**dict(record.headers), "ce_id": f"{stem}#{number}".encode()}
    return replace(record, headers=tuple(headers.items()))


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


def test_dead_letters_cover_once_and_for_a_reason() -> None:
    log, _ = log_of_a_day()
    readings = log.readings()
    letter = readings.dead_letters[1]
    again = replace(readings, dead_letters=(*readings.dead_letters, replace(letter, offset=99)))
    assert found(again) == {"doubled": 1}
    fewer = readings.dead_letters[:1]
    assert found(replace(readings, dead_letters=fewer, calm_dead_letters=fewer)) == {"lost": 1}
    nowhere = tuple((n, b"9999" if n == "error-offset" else v) for n, v in letter.headers)
    strange = (*readings.dead_letters, replace(letter, offset=99, headers=nowhere))
    assert found(replace(readings, dead_letters=strange)) == {"doubled": 1}


def test_a_good_record_that_is_refused_as_a_repeated_one_is_lost() -> None:
    log = Log()
    stream = Stream(log)
    stream.frame()
    stream.narrate()
    stream._refuse(stream._send(1)[0][0][0], "duplicate-sequence")
    stream.end()
    assert found(log.readings()) == {"lost": 1}


def test_a_record_that_only_chaos_refused_is_lost() -> None:
    log, _ = log_of_a_day()
    assert found(replace(log.readings(), calm_dead_letters=())) == {"lost": 2}


def test_a_repeated_record_that_was_taken_is_doubled() -> None:
    log = Log()
    stream = Stream(log)
    stream.frame()
    stream.narrate()
    stream.sequence -= 1
    stream.frame()
    stream.end()
    assert found(log.readings()) == {"doubled": 1}


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
