"""Of several owners of a partition one counts, and what the others did is whole or invisible."""

from __future__ import annotations

import pytest

from operators.narrator.types import FramePosition
from pipeline.errors import FencedError, HigherGenerationError, NotCommittedError, OutcomeUnknownError
from pipeline.kafka_io import private_names
from pipeline.kafka_io.consumer import PartitionConsumer
from tests.support.owned_partition import PARTITION, OwnedPartition, narrate, seen


def test_of_two_owners_the_older_is_fenced_and_nothing_is_doubled(partition: OwnedPartition) -> None:
    old = partition.own()
    narrate(old, 0, 3, "one")
    old.commit()
    new = partition.own()
    narrate(old, 4, 6, "two by the old")
    narrate(new, 0, 3, "not again")
    narrate(new, 4, 6, "two by the new", deliver=True)
    with pytest.raises(FencedError):
        old.commit()
    assert not old.is_alive
    with pytest.raises(NotCommittedError):
        old.commit()
    assert new.commit() is not None
    assert partition.texts() == [(0, "one"), (1, "two by the new")]


def test_an_owner_of_an_older_generation_is_refused_and_disturbs_nobody(partition: OwnedPartition) -> None:
    session = partition.own(generation=7)
    with pytest.raises(HigherGenerationError) as caught:
        partition.own(generation=6)
    assert caught.value.found == 7
    narrate(session, 0, 3, "one")
    session.commit()
    assert partition.texts() == [(0, "one")]


def test_a_death_between_blob_and_commit_changes_nothing(partition: OwnedPartition) -> None:
    session = partition.own()
    narrate(session, 0, 3, "one")
    session.snapshotted("cam", b"state", FramePosition(3), seen(3))
    session.store()
    assert len(partition.redis.keys("*:blob:*")) == 1
    session = partition.own()
    assert partition.redis.keys("*:blob:*") == []
    assert session.recovery.streams == {}
    assert session.recovery.position == 0
    assert partition.texts() == []
    narrate(session, 0, 3, "one again")
    session.commit()
    assert partition.texts() == [(0, "one again")]


def test_a_death_inside_the_transaction_leaves_nothing_visible(
    partition: OwnedPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = partition.own()
    narrate(session, 0, 3, "never seen")
    monkeypatch.setattr(private_names, "end_transaction", lambda *args, **kwargs: False)
    with pytest.raises(OutcomeUnknownError):
        session.commit()
    monkeypatch.undo()
    with PartitionConsumer(partition.connection, client_id="t", read_committed=False) as consumer:
        assert consumer.bounds(partition.topics.narrations, PARTITION).end == 1
    assert partition.texts() == []
    session = partition.own()
    narrate(session, 0, 3, "seen")
    session.commit()
    assert partition.texts() == [(0, "seen")]


def test_a_commit_whose_answer_was_lost_is_found_by_the_next_owner(
    partition: OwnedPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = partition.own()
    narrate(session, 0, 3, "one")
    session.snapshotted("cam", b"state", FramePosition(3), seen(3))
    end_transaction = private_names.end_transaction
    monkeypatch.setattr(
        private_names, "end_transaction", lambda *args, **kwargs: end_transaction(*args, **kwargs) and False
    )
    with pytest.raises(OutcomeUnknownError):
        session.commit()
    monkeypatch.undo()
    session = partition.own()
    assert session.recovery.streams["cam"].snapshot == b"state"
    assert session.recovery.position == 4
    assert partition.texts() == [(0, "one")]
