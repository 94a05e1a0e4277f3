from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from pipeline.errors import FencedError
from pipeline.narrator.committer import Committer


class Session:
    """Counts commits; fails at one of them."""

    def __init__(self, fails_at: int = -1) -> None:
        self.fails_at = fails_at
        self.num_commits = 0
        self.stored_with_commit: list[bool] = []
        self.closed = threading.Event()
        self.committed = threading.Event()
        self.store_answers = threading.Event()
        self.store_answers.set()

    def store(self) -> None:
        assert self.store_answers.wait(10.0)

    def commit(self, *, store: bool) -> Any:
        self.num_commits += 1
        self.stored_with_commit.append(store)
        if self.num_commits == self.fails_at:
            raise FencedError("a newer producer took over")
        self.committed.set()
        return SimpleNamespace(
            position=self.num_commits, num_narrations=0, num_dead_letters=0, num_blobs=0, duration_s=0.0
        )

    def close(self) -> None:
        self.closed.set()


def owned(session: Session) -> Any:
    found = SimpleNamespace(
        partition=0, session=session, lost_because="", committed_position=0, where="frames [0]"
    )
    found.lose = lambda reason: setattr(found, "lost_because", reason)
    return found


def test_a_stopped_committer_commits_once_more_and_closes() -> None:
    session = Session()
    partition = owned(session)
    committer = Committer(partition, interval_s=60.0)
    assert session.num_commits == 0
    committer.stop(10.0)
    assert session.stored_with_commit == [True]
    assert session.closed.is_set()
    assert partition.committed_position == 1
    assert partition.lost_because == ""


def test_a_failed_commit_loses_the_partition_and_is_not_tried_again() -> None:
    session = Session(fails_at=2)
    partition = owned(session)
    Committer(partition, interval_s=0.001)
    assert session.closed.wait(10.0)
    assert session.num_commits == 2
    assert "a newer producer took over" in partition.lost_because


def test_a_lost_partition_is_not_committed_any_more() -> None:
    session = Session()
    partition = owned(session)
    committer = Committer(partition, interval_s=0.001)
    assert session.committed.wait(10.0)
    partition.lose("generation 2 takes over")
    assert session.closed.wait(10.0)
    seen = session.num_commits
    committer.stop(10.0)
    assert session.num_commits == seen


def test_a_slow_store_holds_up_no_commit() -> None:
    session = Session()
    session.store_answers.clear()
    partition = owned(session)
    committer = Committer(partition, interval_s=0.001)
    for _ in range(3):
        session.committed.clear()
        assert session.committed.wait(10.0)
    session.store_answers.set()
    committer.stop(10.0)
    assert session.stored_with_commit[:-1] == [False] * (session.num_commits - 1)
    assert partition.lost_because == ""


def test_a_bug_in_storing_loses_the_partition() -> None:
    session = Session()

    def fail() -> None:
        raise ValueError("a bug")

    session.store = fail  # type: ignore[method-assign]
    partition = owned(session)
    Committer(partition, interval_s=0.001)
    assert session.closed.wait(10.0)
    assert "a bug" in partition.lost_because
