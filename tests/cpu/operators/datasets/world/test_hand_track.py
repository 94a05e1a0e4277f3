import pytest

from operators.datasets.world.hand_track import Act, HandTrack, Pose


def test_a_hand_moves_smoothly_between_its_keys():
    hand = HandTrack(0.0, 10.0)
    hand.wait(1.0)
    hand.go(100.0, 10.0, 2.0)
    assert [round(hand.at(time_s).x, 3) for time_s in (0.0, 1.0, 2.0, 3.0, 50.0)] == [0, 0, 50, 100, 100]
    assert hand.at(1.2).x < 5.0
    assert hand.now_s == pytest.approx(3.0)


def test_a_look_holds_from_its_moment_on():
    hand = HandTrack(0.0, 0.0)
    hand.go(5.0, 0.0, 1.0)
    hand.look(Pose.HOLD, Act.CARRY, thing=3, target=2, held=True)
    hand.go(9.0, 0.0, 1.0, depth=1.0)
    assert hand.at(0.9).pose is Pose.RELAXED
    late = hand.at(1.5)
    assert (late.pose, late.act, late.thing, late.target, late.held) == (Pose.HOLD, Act.CARRY, 3, 2, True)
    assert late.depth == pytest.approx(0.5)


def test_waiting_until_the_past_does_nothing():
    hand = HandTrack(0.0, 0.0)
    hand.wait(2.0)
    hand.wait_until(1.0)
    assert hand.now_s == pytest.approx(2.0)
