from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.messages.reading import ReadingPlan
from pipeline.reader.credits import Credits
from pipeline.reader.fairness import LaneBounds
from pipeline.reader.intake import Intake
from pipeline.reader.lane import GATHER_S, MAX_BATCH_RECORDS, ReaderLane

PLAN = ReadingPlan(0, 1, 10, 10, 2, {})
FRAME_BYTES = 12
NOW_S = 1000.0
BOUNDS = LaneBounds(max_frames=3, max_with_frames=100)


class FakeIntake:
    """Record n has `frames[n]` frames; None stands for a record that was dealt with before."""

    def __init__(self, frames, flood=(), may_wait=()):
        self.frames = frames
        self.flood = flood
        self.may_wait = may_wait
        self.num_passed = 0

    def take(self, record):
        count = self.frames[record.offset]
        self.num_passed = self.num_passed + 1 if count is None else 0
        if count is None:
            return None
        pictures = tuple(np.full((2, 2, 3), record.offset % 256, np.uint8) for _ in range(count))
        is_flood, may_wait = record.offset in self.flood, record.offset in self.may_wait
        return Intake(record.offset, pictures, FRAME_BYTES * count, is_flood, may_wait)

    def passed(self):
        num_passed, self.num_passed = self.num_passed, 0
        return Intake(f"passed {num_passed}", (), 0, may_wait=True) if num_passed else None


def lane(frames, *, num_records=4, num_bytes=1000, ages=None, flood=(), may_wait=()):
    made = ReaderLane(PLAN, None, FakeIntake(frames, flood, may_wait), Credits(num_records, 500, num_bytes))
    ages = ages or [0.1] * len(frames)
    made.offer(
        SimpleNamespace(offset=offset, timestamp_ms=(NOW_S - age) * 1000) for offset, age in enumerate(ages)
    )
    return made


def batches(reading, bounds=BOUNDS):
    made = []
    while (outgoing := reading.next_batch(bounds, NOW_S)) is not None:
        made.append(outgoing)
    return made


def entries(made):
    return [outgoing.batch.entries for outgoing in made]


def test_batches_are_bounded_by_frames_and_credits():
    reading = lane([1, 1, 1, 1, 1])
    first = batches(reading)
    assert entries(first) == [(0, 1, 2), (3,)]
    assert first[0].frames.shape == (3, 2, 2, 3)
    assert reading.num_in_flight == 4
    assert not reading.wants_records, "a polled record waits"
    reading.answered(first[1])
    assert entries(batches(reading)) == [(4,)]
    assert not reading.wants_records, "no credits"
    reading.answered(first[0])
    assert reading.wants_records


def test_a_record_with_many_frames_goes_alone():
    assert entries(batches(lane([1, 7, 1]))) == [(0,), (1,), (2,)]


def test_bytes_bound_what_is_in_flight_and_a_held_record_is_not_lost():
    reading = lane([1, 1, 1], num_bytes=2 * FRAME_BYTES)
    first = batches(reading)
    assert entries(first) == [(0, 1)]
    reading.answered(first[0])
    assert entries(batches(reading)) == [(2,)]


def test_records_that_were_dealt_with_are_passed_together_at_the_end():
    reading = lane([None, 0, None, 1, None, None])
    (outgoing,) = batches(reading)
    assert outgoing.batch.entries == (1, 3, "passed 2")
    assert reading.num_in_flight == 3
    assert (reading.status().position, reading.taken) == (6, 6)


def test_records_that_were_dealt_with_may_wait_for_others():
    reading = lane([None, None])
    assert reading.next_batch(BOUNDS, NOW_S) is None
    assert reading.next_batch(BOUNDS, NOW_S + GATHER_S).batch.entries == ("passed 2",)


def test_records_without_frames_do_not_wait_for_credits_of_those_with():
    """Thousands that are left out pass while the one that is narrated is on its way."""
    reading = lane([1] + [0] * 300 + [1] + [0] * 9, num_records=1)
    made = batches(reading)
    assert [len(outgoing.batch.entries) for outgoing in made] == [MAX_BATCH_RECORDS, 301 - MAX_BATCH_RECORDS]
    assert [outgoing.num_with_frames for outgoing in made] == [1, 0]
    assert made[1].frames is None
    assert reading.taken == 302, "the next one with frames is decoded and held"
    reading.answered(made[0])
    (last,) = batches(reading)
    assert last.batch.entries == tuple(range(301, 311))


def test_a_lost_lane_gives_nothing_more():
    reading = lane([1] * 6)
    batches(reading)
    reading.lose("the narrator died")
    assert batches(reading) == []
    assert not reading.wants_records
    assert not reading.is_live(NOW_S)


def test_old_records_are_behind_until_one_is_young():
    reading = lane([1] * 6, ages=[90, 80, 70, 0.5, 35, 35], num_records=99)
    assert reading.is_behind(NOW_S)
    assert reading.age_s(NOW_S) == pytest.approx(90)
    made = batches(reading, LaneBounds(1, 99))
    assert [outgoing.batch.is_behind for outgoing in made] == [True, True, True, False, False, False]


def test_a_lag_that_begins_while_it_is_live_puts_a_partition_not_behind():
    """Where more comes than can be narrated, all are late alike."""
    reading = lane([1] * 3, ages=[0.1, 200, 200], num_records=99)
    made = batches(reading, LaneBounds(1, 99))
    assert [outgoing.batch.is_behind for outgoing in made] == [False, False, False]
    assert reading.is_live(NOW_S)


def test_a_flood_puts_a_partition_behind_though_its_records_are_young():
    reading = lane([1] * 6, flood={1, 2}, num_records=99)
    made = batches(reading, LaneBounds(1, 99))
    assert [outgoing.batch.is_behind for outgoing in made] == [False, True, True, True, True, True]
    reading.offer([SimpleNamespace(offset=0, timestamp_ms=NOW_S * 1000 + 2900)])
    assert not reading.is_behind(NOW_S + 3)


def test_a_lane_is_idle_when_nothing_waits_and_all_is_answered():
    reading = lane([1])
    assert not reading.is_idle
    (outgoing,) = batches(reading)
    assert not reading.is_idle
    reading.answered(outgoing)
    assert reading.is_idle


def test_records_that_may_wait_are_gathered_until_one_may_not():
    reading = lane([0, 0, 0, 1, 0], may_wait={0, 1, 2, 4})
    (first,) = batches(reading)
    assert first.batch.entries == (0, 1, 2, 3, 4)
    reading.answered(first)
    reading.offer([SimpleNamespace(offset=4, timestamp_ms=NOW_S * 1000)])
    assert batches(reading) == []
    assert not reading.is_idle, "it is on its way"
    assert reading.wants_records, "more of them may come"
    assert reading.next_batch(BOUNDS, NOW_S + GATHER_S / 2) is None
    gathered = reading.next_batch(BOUNDS, NOW_S + GATHER_S)
    assert gathered.batch.entries == (4,)
    reading.answered(gathered)
    assert reading.is_idle


def test_gathered_records_do_not_keep_a_large_group_back():
    reading = lane([0, 7], may_wait={0})
    (whole,) = batches(reading)
    assert whole.batch.entries == (0, 1)


def test_not_more_are_gathered_than_a_batch_holds():
    reading = lane([0] * 400, may_wait=set(range(400)))
    assert [len(made.batch.entries) for made in batches(reading)] == [MAX_BATCH_RECORDS]
    assert reading.is_gathering
