from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.messages.events import Gap, GapKind
from pipeline.reader.admission import AdmissionState, admit
from pipeline.reader.gaps import GapRules, find_gaps
from pipeline.wire.frame_record import FrameHeaders

JUMP_S = 5.0
QUIET_S = 8.0
RULES = GapRules(JUMP_S)
QUIET_RULES = GapRules(JUMP_S, QUIET_S)
START_NS = 1_700_000_000_000_000_000


@dataclass(frozen=True)
class Sent:
    """A record: capture and append times in seconds after the start."""

    epoch: int
    sequence: int
    capture_s: tuple[float, ...]
    append_s: float
    end: bool = False

    @property
    def headers(self) -> FrameHeaders:
        times = tuple(at(s) for s in self.capture_s)
        return FrameHeaders("video/h264", self.epoch, self.sequence, times, self.end)


def at(seconds: float) -> int:
    return START_NS + round(seconds * 1e9)


def follow(records: list[Sent], rules: GapRules = RULES) -> list[Gap]:
    state: AdmissionState | None = None
    gaps: list[Gap] = []
    for sent in records:
        before = state
        admitted, code = admit(before, sent.epoch, sent.sequence)
        if code is not None:
            continue
        headers = sent.headers
        append_ms = START_NS // 1_000_000 + round(sent.append_s * 1000)
        state = admitted.at(headers.capture_times_ns[-1], append_ms, ended=sent.end)
        gaps += find_gaps(before, state, headers, rules)
    return gaps


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), max_size=60))
def test_what_was_taken_and_what_is_missing_are_all_sequences_of_every_epoch(
    records: list[tuple[int, int]],
) -> None:
    gaps = follow([Sent(epoch, sequence, (i,), i) for i, (epoch, sequence) in enumerate(records)])
    missing = [
        (gap.epoch, sequence)
        for gap in gaps
        if gap.sequences is not None
        for sequence in range(gap.sequences[0], gap.sequences[1] + 1)
    ]
    state, taken = None, []
    for epoch, sequence in records:
        state, code = admit(state, epoch, sequence)
        if code is None:
            taken.append((epoch, sequence))
    highest = dict(sorted(taken))
    assert sorted(taken + missing) == [(e, s) for e in sorted(highest) for s in range(highest[e] + 1)]
    changes = [gap for gap in gaps if gap.kind is GapKind.NEW_EPOCH]
    assert len(changes) == max(len(highest) - 1, 0)


DELAYS = st.lists(st.floats(0, 60), min_size=2, max_size=30)


@given(DELAYS, st.floats(0.1, JUMP_S))
def test_frames_that_come_late_or_all_at_once_are_no_jump(delays: list[float], interval_s: float) -> None:
    """A camera at a steady rate behind a network that holds records back, and keeps their order."""
    append_s = 0.0
    records = []
    for i, delay_s in enumerate(delays):
        capture_s = i * interval_s * 0.99
        append_s = max(append_s, capture_s + delay_s)
        records.append(Sent(1, i, (capture_s,), append_s))
    assert follow(records) == []


@given(st.lists(st.floats(0, 100_000), min_size=2, max_size=20), st.floats(0, 4))
def test_a_camera_that_was_quiet_is_no_jump(pauses: list[float], jitter_s: float) -> None:
    times = [sum(pauses[: i + 1]) for i in range(len(pauses))]
    assert follow([Sent(1, i, (t,), t + jitter_s * (i % 2)) for i, t in enumerate(times)]) == []


@given(st.integers(1, 20), st.floats(JUMP_S * 1.1, 1e6), st.booleans())
def test_a_clock_that_jumps_is_told_once(when: int, by_s: float, forward: bool) -> None:
    records = [
        Sent(1, i, (i * 0.5 + (by_s if forward else -by_s) * (i >= when),), i * 0.5) for i in range(30)
    ]
    if not forward and by_s < 2 * JUMP_S:
        records = [Sent(r.epoch, r.sequence, (r.capture_s[0] + 100,), r.append_s) for r in records]
    (gap,) = follow(records)
    assert gap == Gap(
        GapKind.CLOCK_JUMP, 1, at(records[when - 1].capture_s[0]), at(records[when].capture_s[0])
    )


def test_a_slow_camera_s_groups_of_pictures_are_no_jump() -> None:
    """A frame every ten seconds, four to a group, each sent at its end."""
    groups = [
        Sent(1, i, tuple(40.0 * i + 10.0 * k for k in range(4)), 40.0 * i + 30.1 + i % 3) for i in range(5)
    ]
    assert follow(groups) == []


def test_a_publisher_that_starts_again_is_told_unless_the_stream_had_ended() -> None:
    again = [Sent(1, 0, (0,), 0), Sent(2, 0, (9,), 9)]
    assert follow(again) == [Gap(GapKind.NEW_EPOCH, 2, at(0), at(9))]
    assert follow([Sent(1, 0, (0,), 0, end=True), Sent(2, 0, (9,), 9)]) == []


def test_a_new_epoch_may_begin_with_missing_records() -> None:
    gaps = follow([Sent(1, 0, (0,), 0), Sent(2, 3, (9,), 9)])
    assert gaps == [
        Gap(GapKind.NEW_EPOCH, 2, at(0), at(9)),
        Gap(GapKind.MISSING_SEQUENCE, 2, at(0), at(9), sequences=(0, 2)),
    ]
    assert follow([Sent(1, 2, (9,), 9)]) == [Gap(GapKind.MISSING_SEQUENCE, 1, None, at(9), sequences=(0, 1))]


@pytest.mark.parametrize("missing", ["last_capture_ns", "last_append_ms"])
def test_a_state_of_an_older_version_leads_to_no_jump(missing: str) -> None:
    times = {"last_capture_ns": at(0), "last_append_ms": 0} | {missing: None}
    before = AdmissionState(1, 0, **times)
    headers = FrameHeaders("image/jpeg", 1, 1, (at(1e6),))
    after = AdmissionState(1, 1, 3, at(1e6), 1)
    assert find_gaps(before, after, headers, RULES) == ()


def test_a_silence_that_is_over_is_told_with_its_end() -> None:
    (silent, back) = follow([Sent(1, 0, (0.0,), 0.0), Sent(1, 1, (QUIET_S,), QUIET_S + 1)], QUIET_RULES)
    assert silent == Gap(GapKind.SILENT, 1, at(0.0), None)
    assert back == Gap(GapKind.BACK, 1, at(0.0), at(QUIET_S))


@pytest.mark.parametrize(("captured_s", "appended_s"), [(2.0, 40.0), (QUIET_S - 0.1, QUIET_S - 0.1)])
def test_records_that_only_come_late_are_no_silence(captured_s: float, appended_s: float) -> None:
    assert not follow([Sent(1, 0, (0.0,), 0.0), Sent(1, 1, (captured_s,), appended_s)], QUIET_RULES)


def test_after_the_end_of_a_stream_nothing_is_silent() -> None:
    assert not follow([Sent(1, 0, (0.0,), 0.0, end=True), Sent(2, 0, (60.0,), 60.0)], QUIET_RULES)
