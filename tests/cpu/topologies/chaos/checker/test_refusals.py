"""Records that were refused: once each, and for a reason that the checker sees too."""

from __future__ import annotations

from dataclasses import replace

from tests.support.checked_log import Log, Stream
from tests.support.planted import found, log_of_a_day


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
    stream.refuse_wrongly()
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
