"""What cameras do wrong follows from the seed, and every second one does nothing wrong."""

from __future__ import annotations

from itertools import islice

from topologies.chaos.camera_acts import Act, CameraRules, camera_acts

RULES = CameraRules(fps=0.5, silent_after_s=8.0, tell_within_s=25.0)


def acts(seed: int, index: int, number: int = 400) -> list[Act]:
    return list(islice(camera_acts(seed, index, RULES), number))


def test_the_same_seed_gives_the_same_acts() -> None:
    assert acts(1, 3) == acts(1, 3)
    assert acts(1, 3) != acts(2, 3)
    assert acts(1, 3) != acts(1, 5)


def test_even_cameras_do_nothing_wrong() -> None:
    first, *later = acts(1, 2)
    assert 0.0 <= first.wait_s <= 2.0
    assert later == [Act(2.0, picture) for picture in range(1, 400)]


def test_odd_cameras_do_everything_wrong_within_some_minutes() -> None:
    done = acts(1, 1, 150)
    assert sum(act.wait_s for act in done) < 600.0
    assert any(act.skip for act in done)
    assert any(act.copies == 2 for act in done)
    assert any(act.corrupt for act in done)
    assert any(abs(act.clock_s) >= 10.0 for act in done)
    assert any(9.0 < act.wait_s < 17.0 for act in done)
    assert any(act.wait_s > 33.0 for act in done)


def test_a_camera_that_ended_its_stream_begins_a_new_epoch() -> None:
    done = acts(1, 1)
    ends = [i for i, act in enumerate(done[:-1]) if act.ends]
    assert ends
    assert all(done[i].picture is None and done[i + 1].restarts for i in ends)
    assert any(act.restarts for i, act in enumerate(done) if i - 1 not in ends)
