"""Gaps that the frames have, against gaps that were told."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.support.checked_log import EVERY_MS, RULES, Log, Stream
from topologies.chaos.checker.check import check
from topologies.chaos.checker.verdict import Category


@pytest.fixture
def stream() -> Stream:
    """A stream that has begun."""
    stream = Stream(Log())
    stream.frame()
    stream.narrate()
    return stream


def untold(stream: Stream) -> list[str]:
    """What is found; nothing but gaps may be."""
    stream.frame()
    stream.end()
    verdict = check(stream.log.readings(), RULES)
    assert {problem.category for problem in verdict.problems} <= {Category.UNTOLD_GAP}
    return [problem.what for problem in verdict.problems]


def forget_to_tell(stream: Stream) -> None:
    """The next gaps are not told."""
    stream.gaps_to_tell = []


def test_missing_sequences(stream: Stream) -> None:
    stream.skip(3)
    assert untold(stream) == []
    stream.frame()
    stream.skip(3)
    forget_to_tell(stream)
    (what,) = untold(stream)
    assert what.startswith("not told: missing-sequence")
    assert "sequences (1, 3)" in what


def test_sequences_that_are_told_wrong(stream: Stream) -> None:
    stream.skip(3)
    stream.gaps_to_tell[0]["sequences"] = {"first": 1, "last": 2}
    what = untold(stream)
    assert len(what) == 2
    assert "tells a gap that is none" in what[0]
    assert "not told" in what[1]


def test_a_refused_record_may_be_told_as_missing_or_not(stream: Stream) -> None:
    stream.corrupt()
    stream.frame()
    stream.corrupt(told=True)
    assert untold(stream) == []


def test_a_missing_record_beside_a_refused_one_must_be_told(stream: Stream) -> None:
    stream.corrupt()
    stream.skip()
    assert untold(stream) == []
    stream.frame()
    stream.corrupt()
    stream.skip()
    forget_to_tell(stream)
    assert len(untold(stream)) == 1


def test_a_new_epoch(stream: Stream) -> None:
    stream.restart()
    assert untold(stream) == []
    stream.frame()
    stream.restart()
    forget_to_tell(stream)
    assert [what.partition(" from")[0] for what in untold(stream)] == ["not told: new-epoch"]


def test_a_new_life_is_no_gap(stream: Stream) -> None:
    stream.end()
    stream.frame()
    stream.end(forgotten=False)
    assert untold(stream) == []


@pytest.mark.parametrize("seconds", [-5.5, 5.5])
def test_a_clock_jump(stream: Stream, seconds: float) -> None:
    stream.jump(seconds)
    assert untold(stream) == []
    stream.frame()
    stream.jump(-seconds)
    forget_to_tell(stream)
    assert [what.partition(" from")[0] for what in untold(stream)] == ["not told: clock-jump"]


def test_a_small_jump_is_none(stream: Stream) -> None:
    stream.jump(4.5)
    assert len(untold(stream)) == 1


def test_a_jump_on_the_bound_may_be_told_or_not(stream: Stream) -> None:
    stream.jump(5.1)
    stream.frame()
    stream.jump(4.9)
    forget_to_tell(stream)
    assert untold(stream) == []


def test_a_silence_is_told_with_its_end(stream: Stream) -> None:
    stream.silence()
    assert untold(stream) == []
    stream.frame()
    stream.silence(told=False)
    assert [what.partition(" from")[0] for what in untold(stream)] == ["not told: silent"]


def test_a_silence_that_is_not_told_to_be_over(stream: Stream) -> None:
    stream.silence()
    forget_to_tell(stream)
    assert [what.partition(":")[0] for what in untold(stream)] == ["told as silent but not as back"]


def test_a_silence_that_is_told_twice(stream: Stream) -> None:
    stream.silence()
    told = json.loads(stream.log.events[-1].value or b"")
    stream._tell_gap({name: told[name] for name in ("kind", "before", "after", "sequences")})
    assert ["none: silent" in what for what in untold(stream)] == [True]


def test_back_without_silence(stream: Stream) -> None:
    stream._found("back")
    assert ["not told to be silent" in what for what in untold(stream)] == [True]


@pytest.mark.parametrize(("silence_s", "must_be_told"), [(50, False), (62, True), (80, True)])
def test_a_silence_that_is_over_must_be_told(stream: Stream, silence_s: int, must_be_told: bool) -> None:
    stream.now_ms += silence_s * 1000 - EVERY_MS
    stream.frame()
    assert [what.partition(" from")[0] for what in untold(stream)] == ["not told: silent"] * must_be_told


def test_a_stream_that_stays_away_is_told_although_nothing_comes_any_more() -> None:
    log = Log()
    gone, other = Stream(log, "gone", 0), Stream(log, "other", 1)
    gone.frame()
    gone.narrate()
    other.now_ms += 200_000
    other.frame()
    other.end()
    assert [problem.category for problem in check(log.readings(), RULES).problems] == [Category.UNTOLD_GAP]
    gone.silence()
    assert check(log.readings(), RULES).problems == ()


def test_an_end_behind_a_silence_needs_no_word_that_it_is_back(stream: Stream) -> None:
    stream.silence()
    forget_to_tell(stream)
    stream.end()
    assert check(stream.log.readings(), RULES).problems == ()


def test_frames_that_are_there_are_not_deleted(stream: Stream) -> None:
    data = {"kind": "deleted", "before": None, "after": None, "sequences": None}
    stream._tell("gap", {**data, "source": {"offsets": {"first": 0, "last": 0}}}, 0)
    stream.frame()
    stream.end()
    categories = {problem.category for problem in check(stream.log.readings(), RULES).problems}
    assert Category.UNTOLD_GAP in categories


def test_deleted_frames_cover_what_is_not_there(stream: Stream) -> None:
    data = {"kind": "deleted", "before": None, "after": None, "sequences": None}
    stream.log.frames = [replace(record, offset=record.offset + 10) for record in stream.log.frames]
    events = []
    for record in stream.log.events:
        told = json.loads(record.value or b"")
        for end in ("start", "end"):
            told["source"][end]["offset"] += 10
        events.append(replace(record, value=json.dumps(told).encode()))
    stream.log.events[:] = events
    stream._tell("gap", {**data, "source": {"offsets": {"first": 0, "last": 9}}}, 0)
    verdict = check(stream.log.readings(), RULES)
    assert verdict.problems == ()
    assert verdict.gaps == (("deleted", 1),)


def test_what_is_sent_late_and_then_too_fast_is_no_jump(stream: Stream) -> None:
    stream.now_ms, stream.clock_ns = stream.now_ms + 20_000, stream.clock_ns - 20 * 10**9
    stream.frame()
    for _ in range(9):
        stream.now_ms, stream.clock_ns = stream.now_ms - 2_000, stream.clock_ns + 2 * 10**9
        stream.frame()
    assert untold(stream) == []


def test_a_first_sequence_above_zero_is_a_gap(stream: Stream) -> None:
    stream.end()
    stream.skip(2)
    assert untold(stream) == []
    stream.skip(2)
    forget_to_tell(stream)
    assert [what.partition(" from")[0] for what in untold(stream)] == ["not told: missing-sequence"]
