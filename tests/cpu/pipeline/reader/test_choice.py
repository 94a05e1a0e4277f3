from __future__ import annotations

from itertools import pairwise
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.narrator.types import FramePosition
from pipeline.messages.camera import CameraBook, CameraSettings
from pipeline.messages.events import FrameRange, ShedReason
from pipeline.messages.reading import ReadingPlan, StreamStart
from pipeline.reader.choice import Choice, FrameChoice
from pipeline.reader.overload import MIN_RATIO
from pipeline.wire.frame_record import FrameHeaders

START_NS = 10**18


def choice(start: StreamStart | None = None, fps: float = inf) -> FrameChoice:
    return FrameChoice(ReadingPlan(0, 1, 0, 0, 8, {"a": start} if start else {}, fps))


def headers(
    first_frame: int, num_frames: int = 1, *, frames_per_s: float = 2.0, end: bool = False
) -> FrameHeaders:
    times = tuple(START_NS + round((first_frame + i) / frames_per_s * 1e9) for i in range(num_frames))
    return FrameHeaders("video/h264", 1, 0, times, end)


def choose(choosing: FrameChoice, offset: int, sent: FrameHeaders, delay_s: float = 0.1) -> Choice:
    """Decide on a record that the broker took a moment after its last frame."""
    return choosing.choose("a", offset, sent, sent.capture_times_ns[-1] // 1_000_000 + round(delay_s * 1000))


def run(choosing: FrameChoice, num_records: int, num_frames: int = 1, frames_per_s: float = 2.0) -> list[int]:
    """Numbers of the frames that are kept."""
    kept = []
    for record in range(num_records):
        first = record * num_frames
        made = choose(choosing, record, headers(first, num_frames, frames_per_s=frames_per_s))
        kept += [first + index for index in made.kept]
    return kept


def test_without_reasons_all_frames_are_kept() -> None:
    assert choose(choice(fps=2.0), 0, headers(0, 3)) == Choice((0, 1, 2), None)
    assert choose(choice(), 0, FrameHeaders("", 1, 0, (5,), True)) == Choice((), None)


@given(st.floats(MIN_RATIO, 1.0), st.integers(1, 7))
def test_an_overload_leaves_frames_out_evenly(ratio: float, num_frames: int) -> None:
    choosing = choice()
    choosing.set_ratios({"a": ratio})
    kept = run(choosing, 400, num_frames)
    assert len(kept) == pytest.approx(400 * num_frames * ratio, abs=1.01)
    distances = {later - earlier for earlier, later in pairwise(kept)}
    assert distances <= {int(1 / ratio - 1e-9), int(1 / ratio - 1e-9) + 1, int(1 / ratio + 1e-9) + 1}


def test_a_stream_without_a_share_keeps_all() -> None:
    choosing = choice()
    choosing.set_ratios({"b": 0.5})
    assert len(run(choosing, 20)) == 20


def test_the_camera_s_rate_goes_before_the_model_s() -> None:
    choosing = choice(fps=2.0)
    assert len(run(choosing, 200)) == 200
    choosing.set_cameras(CameraBook(cameras={"a": CameraSettings(fps=0.5)}))
    assert 50 <= len(run(choosing, 200)) <= 62
    choosing.set_cameras(CameraBook(default=CameraSettings(fps=10.0)))
    assert len(run(choosing, 200, frames_per_s=10.0)) >= 195


def test_what_is_above_the_rate_is_not_asked_for() -> None:
    choosing = choice(fps=2.0)
    choosing.set_cameras(CameraBook(default=CameraSettings(priority=7)))
    run(choosing, 1000, frames_per_s=200.0)
    (demand,) = choosing.take_demands().values()
    assert demand.priority == 7
    assert 10 <= demand.num_frames <= 25
    assert choosing.take_demands() == {}


def test_the_reason_says_what_the_publisher_can_mend() -> None:
    fast = headers(0, 30, frames_per_s=200.0)
    choosing = choice(fps=2.0)
    assert choose(choosing, 0, fast).left_out_because is ShedReason.RATE
    choosing.set_ratios({"a": MIN_RATIO})
    both = choose(choosing, 1, headers(30, 300, frames_per_s=200.0))
    assert both.left_out_because is ShedReason.OVERLOAD
    choosing.set_cameras(CameraBook(default=CameraSettings(enabled=False)))
    assert choose(choosing, 2, fast) == Choice((), ShedReason.DISABLED)


def positions(num_records: int, num_frames: int) -> list[FramePosition]:
    return [FramePosition(offset, index) for offset in range(num_records) for index in range(num_frames)]


@given(
    st.lists(st.booleans(), min_size=12, max_size=12),
    st.integers(-1, 11),
    st.integers(-1, 11),
    st.sampled_from(["calm", "overload", "disabled", "rate"]),
)
def test_a_takeover_repeats_what_was_decided_and_decides_only_what_was_not(
    left_out: list[bool], decided: int, covered: int, trouble: str
) -> None:
    """Four records of three frames; frames up to number `decided` were committed as left out or kept."""
    everything = positions(4, 3)
    told = [p for number, p in enumerate(everything) if number <= decided and left_out[number]]
    start = StreamStart(
        covered=everything[covered] if covered >= 0 else FramePosition(-1),
        next_offset=0,
        admission=None,
        left_out=tuple(FrameRange(p, p, 1) for p in told),
        decided_through=everything[decided] if decided >= 0 else FramePosition(-1),
    )
    choosing = choice(start, fps=2.0)
    if trouble == "overload":
        choosing.set_ratios({"a": MIN_RATIO})
    if trouble == "disabled":
        choosing.set_cameras(CameraBook(default=CameraSettings(enabled=False)))
    speed = 100.0 if trouble == "rate" else 2.0
    kept = set()
    for offset in range(4):
        made = choose(choosing, offset, headers(3 * offset, 3, frames_per_s=speed))
        kept |= {FramePosition(offset, index) for index in made.kept}
        assert (made.left_out_because is None) == (len(made.kept) == 3)
    last = max(decided, covered)
    assert {p for p in kept if p in everything[: last + 1]} == set(everything[: last + 1]) - set(told)
    if trouble == "calm":
        assert set(everything[last + 1 :]) <= kept
    if trouble in ("overload", "disabled"):
        assert not set(everything[last + 1 :]) & kept


def test_a_range_spans_the_records_between_its_ends() -> None:
    ranges = (
        FrameRange(FramePosition(2, 1), FramePosition(5, 0), 4),
        FrameRange(FramePosition(9, 0), FramePosition(9, 0), 1),
    )
    choosing = choice(StreamStart(FramePosition(0), 1, None, ranges, FramePosition(12)))
    kept = {offset: choose(choosing, offset, headers(0, 2)).kept for offset in (1, 2, 3, 5, 6, 9, 12)}
    assert kept == {1: (0, 1), 2: (0,), 3: (), 5: (1,), 6: (0, 1), 9: (1,), 12: (0, 1)}


def test_a_recording_that_is_sent_at_once_is_a_flood_and_loses_nothing() -> None:
    choosing = choice(fps=2.0)
    made = [choose(choosing, i, headers(i), delay_s=(100 - i) / 2) for i in range(100)]
    assert all(item.kept == (0,) for item in made)
    assert [item.is_flood for item in made] == [False] * 9 + [True] * 91


def test_what_came_in_time_and_is_read_late_is_no_flood() -> None:
    choosing = choice(fps=2.0)
    assert not any(choose(choosing, i, headers(i, 60)).is_flood for i in range(100)), "long groups"
    choosing = choice(fps=2.0)
    assert not any(choose(choosing, i, headers(i)).is_flood for i in range(100))


def test_what_is_left_out_makes_no_flood() -> None:
    choosing = choice(fps=2.0)
    fast = [headers(i, frames_per_s=200.0) for i in range(5000)]
    floods = [choose(choosing, i, sent).is_flood for i, sent in enumerate(fast)]
    assert not any(floods[2500:]), "the few early ones are forgotten"
