from types import SimpleNamespace

import numpy as np

from pipeline.messages.reading import ReadingPlan
from pipeline.reader.credits import Credits
from pipeline.reader.intake import Intake
from pipeline.reader.lane import ReaderLane

PLAN = ReadingPlan(0, 1, 10, 10, 2, {})
FRAME_BYTES = 12


class FakeIntake:
    """Record n has `frames[n]` frames; None stands for a record that was dealt with before."""

    def __init__(self, frames):
        self.frames = frames

    def take(self, record):
        count = self.frames[record.offset]
        if count is None:
            return None
        pictures = tuple(np.full((2, 2, 3), record.offset, np.uint8) for _ in range(count))
        return Intake(record.offset, pictures, FRAME_BYTES * count)


def lane(frames, *, num_records=4, num_bytes=1000, max_frames=3):
    made = ReaderLane(PLAN, None, FakeIntake(frames), Credits(num_records, num_bytes), max_frames)
    made.offer(SimpleNamespace(offset=offset) for offset in range(len(frames)))
    return made


def entries(batches):
    return [outgoing.batch.entries for outgoing in batches]


def test_batches_are_bounded_by_frames_and_credits():
    reading = lane([1, 1, 1, 1, 1])
    first = list(reading.batches())
    assert entries(first) == [(0, 1, 2), (3,)]
    assert first[0].frames.shape == (3, 2, 2, 3)
    assert reading.num_in_flight == 4
    assert reading.num_free == 0, "a polled record waits"
    reading.answered(first[1])
    assert entries(reading.batches()) == [(4,)]
    assert reading.num_free == 0, "no credits"
    reading.answered(first[0])
    assert reading.num_free == 3


def test_a_record_with_many_frames_goes_alone():
    assert entries(lane([1, 7, 1]).batches()) == [(0,), (1,), (2,)]


def test_bytes_bound_what_is_in_flight_and_a_held_record_is_not_lost():
    reading = lane([1, 1, 1], num_bytes=2 * FRAME_BYTES)
    first = list(reading.batches())
    assert entries(first) == [(0, 1)]
    reading.answered(first[0])
    assert entries(reading.batches()) == [(2,)]


def test_records_that_were_dealt_with_take_no_credits():
    reading = lane([None, 0, None, 1, None])
    (outgoing,) = reading.batches()
    assert outgoing.batch.entries == (1, 3)
    assert reading.num_in_flight == 2
    assert reading.status().position == 5


def test_dead_letters_alone_have_no_frames():
    (outgoing,) = lane([0, 0]).batches()
    assert outgoing.frames is None


def test_a_lost_lane_gives_nothing_more():
    reading = lane([1] * 6)
    list(reading.batches())
    reading.lose("the narrator died")
    assert list(reading.batches()) == []
    assert reading.num_free == 0
