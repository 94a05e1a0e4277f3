from pipeline.reader.fairness import BEHIND_S, CAUGHT_UP_S, FLOOD_S, LIVE_FOR_S, LaneBounds, Urgency


def test_a_partition_that_is_behind_has_a_part_and_never_nothing():
    assert LaneBounds(16, 64).while_behind() == LaneBounds(4, 16)
    assert LaneBounds(1, 2).while_behind() == LaneBounds(1, 1)


def test_it_is_behind_from_the_beginning_until_it_has_caught_up():
    urgency = Urgency()
    assert urgency.is_behind(100.0, BEHIND_S + 1)
    assert not urgency.is_behind(100.0, BEHIND_S / 2), "nothing of it is old"
    urgency = urgency.after(100.0, BEHIND_S + 1, is_flood=False)
    assert urgency.is_behind(101.0, BEHIND_S + 1)
    assert not urgency.is_live(101.0)
    urgency = urgency.after(102.0, CAUGHT_UP_S / 2, is_flood=False)
    assert not urgency.is_behind(103.0, BEHIND_S + 1)
    assert urgency.is_live(102.0 + LIVE_FOR_S / 2)
    assert not urgency.is_live(102.0 + LIVE_FOR_S)


def test_a_flood_leaves_a_backlog():
    urgency = Urgency(has_backlog=False).after(100.0, 0.0, is_flood=True)
    assert urgency.is_behind(100.0 + FLOOD_S / 2, 0.0)
    assert urgency.is_behind(100.0 + FLOOD_S, BEHIND_S + 1), "what it left behind is old"
    assert not urgency.is_behind(100.0 + FLOOD_S, 0.0)
