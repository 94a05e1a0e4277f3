"""Bugs to plant into the protocol, each of which the state machine must find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from unittest.mock import patch

from pipeline.commit import session
from pipeline.commit.blob import BlobRef
from pipeline.commit.storer import SnapshotStorer
from pipeline.kafka_io.records import OutgoingRecord
from tests.support.commit_model import TOPICS
from tests.support.crash_model import broker, log, producer


class Bug(StrEnum):
    """What somebody might get wrong."""

    OFFSETS_FIRST = "offsets committed before narrations"
    BLOB_DELETED_EARLY = "blob deleted before commit"
    NO_FENCING = "no fencing"
    SENDS_NOT_CHECKED = "sends not checked"


class _OffsetsFirstWriter(producer.ModelWriter):
    def transact(self, records: Sequence[OutgoingRecord], timeout_s: float) -> tuple[int, ...]:
        first = [record for record in records if record.topic == TOPICS.checkpoints]
        others = [record for record in records if record.topic != TOPICS.checkpoints]
        offsets: list[int] = []
        for part in (first, others):
            offsets += super().transact(part, timeout_s) if part else ()
        return tuple(offsets)


class _EarlyStorer(SnapshotStorer):
    def planned(self, garbage: tuple[BlobRef, ...]) -> None:
        self._deletable += garbage
        with patch.object(self, "_lock"):
            self.delete()


class _TrustingWriter(producer.ModelWriter):
    def check(self, answers: Sequence[tuple[int, ...] | Exception]) -> tuple[int, ...]:
        return tuple(offset for answer in answers if not isinstance(answer, Exception) for offset in answer)


def _refuse_nobody(self: log.Coordinator, epoch: int) -> None:
    """Whoever was there before may go on."""


@contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """The code has the bug while the context lasts."""
    with {
        Bug.OFFSETS_FIRST: patch.object(broker, "ModelWriter", _OffsetsFirstWriter),
        Bug.BLOB_DELETED_EARLY: patch.object(session, "SnapshotStorer", _EarlyStorer),
        Bug.NO_FENCING: patch.object(log.Coordinator, "refuse_older", _refuse_nobody),
        Bug.SENDS_NOT_CHECKED: patch.object(broker, "ModelWriter", _TrustingWriter),
    }[bug]:
        yield
