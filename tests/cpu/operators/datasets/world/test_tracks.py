import pytest

from operators.datasets.world.tracks import RampTrack, StepTrack


def test_a_step_holds_from_its_moment_on():
    track = StepTrack(7)
    track.put(2.0, 8)
    track.put(3.0, 9)
    assert [track.at(time_s) for time_s in (-1.0, 0.0, 1.99, 2.0, 2.5, 3.0, 100.0)] == [7, 7, 7, 8, 8, 9, 9]
    assert track.last == 9


def test_steps_do_not_go_back_in_time():
    track = StepTrack(0)
    track.put(2.0, 1)
    with pytest.raises(ValueError, match=r"1\.0 s"):
        track.put(1.0, 2)


def test_a_ramp_changes_evenly_and_then_stays():
    track = RampTrack(0.0)
    track.ramp(1.0, 3.0, 1.0)
    assert [track.at(time_s) for time_s in (0.0, 1.0, 1.5, 3.0, 9.0)] == [0.0, 0.0, 0.25, 1.0, 1.0]
    track.ramp(4.0, 5.0, 0.0)
    assert [track.at(time_s) for time_s in (3.5, 4.5, 5.0)] == [1.0, 0.5, 0.0]


def test_ramps_do_not_go_back_in_time():
    track = RampTrack(0.0)
    track.ramp(1.0, 3.0, 1.0)
    with pytest.raises(ValueError, match=r"2\.0 s"):
        track.ramp(2.0, 4.0, 0.0)
