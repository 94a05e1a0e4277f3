"""Sessions on the model: what a commit does when something around it fails."""

from __future__ import annotations

import pytest

from pipeline.commit.burst import CommitReport
from pipeline.commit.storer import SWEEP_EVERY_S, VERIFY_EVERY_S
from pipeline.errors import NotCommittedError, OutcomeUnknownError, StateStoreError
from tests.support.commit_model import World
from tests.support.session_steps import show_and_narrate, told


def test_a_commit_tells_what_it_made_true(world: World) -> None:
    session = world.take_over()
    assert session.commit() is None
    show_and_narrate(session, 0, 0, snapshot=True)
    assert session.num_open == 1
    assert session.commit() == CommitReport(1, 1, 0, 1, 1, 0.0)
    assert (session.position, session.num_open) == (1, 0)
    assert session.commit() is None


def test_the_position_is_told_after_each_commit(world: World) -> None:
    told: list[int] = []
    session = world.take_over()
    session._on_position = told.append
    for offset in range(3):
        show_and_narrate(session, offset, offset, snapshot=True)
        session.commit()
    assert told == [1, 2, 3]


def test_blobs_are_stored_before_the_transaction_and_deleted_after_it(world: World) -> None:
    session = world.take_over()
    for offset in range(3):
        show_and_narrate(session, offset, offset, snapshot=True)
        world.faults.seen.clear()
        session.commit()
    assert world.faults.seen == [
        "before put",
        "after put",
        "before begin",
        "inside the transaction",
        "before commit",
        "after commit",
        "before delete",
        "after delete",
    ]
    assert sorted(world.store.blobs.values()) == [b"state 1", b"state 2"]


def test_a_store_that_is_down_delays_only_the_position(world: World) -> None:
    session = world.take_over()
    world.faults.plan = {world.faults.num_steps + 1: "down"}
    show_and_narrate(session, 0, 0, snapshot=True)
    assert session.commit() == CommitReport(0, 1, 0, 1, 0, 0.0)
    show_and_narrate(session, 1, 1)
    report = session.commit()
    assert report is not None
    assert (report.num_blobs, report.position) == (1, 1)
    assert len(told(world)) == 2


def test_another_thread_may_store_while_commits_go_on(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 0, snapshot=True)
    report = session.commit(store=False)
    assert report is not None
    assert (report.num_narrations, report.num_blobs, report.position) == (1, 0, 0)
    session.store()
    report = session.commit(store=False)
    assert report is not None
    assert (report.num_narrations, report.num_blobs, report.position) == (0, 1, 1)
    for offset in (1, 2):
        show_and_narrate(session, offset, offset, snapshot=True)
        session.store()
        session.commit(store=False)
    assert len(world.store.blobs) == 3
    session.store()
    assert sorted(world.store.blobs.values()) == [b"state 1", b"state 2"]


def test_nothing_is_stored_for_a_session_that_is_over(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 0, snapshot=True)
    session.close()
    session.store()
    assert world.store.blobs == {}


def test_old_blobs_are_tried_again_when_the_store_is_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = world.take_over()

    def down(refs: object) -> None:
        raise StateStoreError("down")

    with monkeypatch.context() as patch:
        patch.setattr(world.store, "delete", down)
        for offset in range(3):
            show_and_narrate(session, offset, offset, snapshot=True)
            session.commit()
    assert len(world.store.blobs) == 3
    session.store()
    assert len(world.store.blobs) == 2


def test_a_store_that_lost_blobs_and_is_the_same_is_found_out_in_time(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 0, snapshot=True)
    session.commit()
    del world.store.blobs[next(iter(world.store.blobs))]
    session.commit()
    assert not session.snapshot_due("a")
    world.clock.now_s += VERIFY_EVERY_S
    session.commit()
    assert session.snapshot_due("a")


def test_after_an_outage_of_the_store_the_blobs_are_looked_for_at_once(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 0, snapshot=True)
    session.commit()
    world.faults.plan = {world.faults.num_steps + 1: "down"}
    show_and_narrate(session, 1, 1, snapshot=True)
    session.commit()
    world.store.blobs.clear()
    session.commit()
    assert set(world.store.blobs.values()) == {b"state 1"}


def test_rubbish_of_an_older_owner_that_came_late_is_swept(world: World) -> None:
    old = world.take_over()
    show_and_narrate(old, 0, 0, snapshot=True)
    session = world.take_over()
    show_and_narrate(session, 0, 0, snapshot=True)
    session.commit()
    named = set(world.store.blobs)
    old.store()
    assert len(world.store.blobs) == 2
    session.commit()
    assert len(world.store.blobs) == 2
    world.clock.now_s += SWEEP_EVERY_S
    session.commit()
    assert set(world.store.blobs) == named


def test_old_blobs_that_cannot_be_deleted_stop_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    session = world.take_over()

    def down(refs: object) -> None:
        raise StateStoreError("down")

    monkeypatch.setattr(world.store, "delete", down)
    for offset in range(4):
        show_and_narrate(session, offset, offset, snapshot=True)
        session.commit()
    assert len(world.store.blobs) == 4
    world.take_over()
    assert len(world.store.blobs) == 2


def test_after_an_unknown_outcome_nothing_is_deleted_and_the_session_is_dead(world: World) -> None:
    session = world.take_over()
    for offset in range(2):
        show_and_narrate(session, offset, offset, snapshot=True)
        session.commit()
    show_and_narrate(session, 2, 2, snapshot=True)
    world.faults.plan = {world.faults.num_steps + 6: "unknown"}
    with pytest.raises(OutcomeUnknownError):
        session.commit()
    assert world.faults.seen[-1] == "after commit"
    assert len(world.store.blobs) == 3
    assert not session.is_alive
    show_and_narrate(session, 3, 3, snapshot=True)
    with pytest.raises(NotCommittedError):
        session.commit()
    assert len(told(world)) == 3


def test_a_closed_session_commits_nothing(world: World) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 0, snapshot=True)
    session.close()
    session.close()
    with pytest.raises(NotCommittedError):
        session.commit()
    assert len(told(world)) == 0


def test_any_other_error_ends_the_session_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    session = world.take_over()
    show_and_narrate(session, 0, 0, snapshot=True)
    monkeypatch.setattr("pipeline.commit.burst.render", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        session.commit()
    assert not session.is_alive
