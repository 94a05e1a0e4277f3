"""One commit: one transaction with all that is true now, behind which old blobs may be deleted."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.commit.identity import SessionIdentity
from pipeline.commit.ledger import PartitionLedger
from pipeline.commit.ports import Clock, TransactionWriter
from pipeline.commit.render import render
from pipeline.commit.storer import SnapshotStorer


@dataclass(frozen=True, slots=True)
class CommitReport:
    """What one commit made true.

    Attributes:
        position: The partition's position.
        num_narrations: Narrations that became visible.
        num_dead_letters: Dead letters that became visible.
        num_checkpoints: Streams whose record was written or deleted.
        num_blobs: Snapshots that were stored for it.
        duration_s: From the plan to the committed transaction.
    """

    position: int
    num_narrations: int
    num_dead_letters: int
    num_checkpoints: int
    num_blobs: int
    duration_s: float


class CommitBurst:
    """Commits a ledger again and again. One thread at a time; others may use the ledger under the lock.

    Args:
        identity: Whose commits these are.
        ledger: What is committed.
        lock: Held whenever the ledger is touched, and never while Kafka is waited for.
        writer: The partition's producer.
        storer: Deletes the blobs that the commits make rubbish.
        clock: The clock.
        max_bytes: Largest record of each topic.
        deadline_s: After this, a commit's outcome is unknown.
    """

    def __init__(
        self,
        identity: SessionIdentity,
        ledger: PartitionLedger,
        lock: threading.Lock,
        writer: TransactionWriter,
        storer: SnapshotStorer,
        clock: Clock,
        *,
        max_bytes: Mapping[str, int],
        deadline_s: float,
    ) -> None:
        self._identity = identity
        self._ledger = ledger
        self._lock = lock
        self._writer = writer
        self._storer = storer
        self._clock = clock
        self._max_bytes = dict(max_bytes)
        self._deadline_s = deadline_s

    def run(self, num_blobs: int) -> CommitReport | None:
        """Commit what the ledger holds now; None if that is nothing.

        Args:
            num_blobs: Snapshots that were stored for it, for the report.

        Raises:
            NotCommittedError, FencedError, OutcomeUnknownError: See TransactionWriter. The ledger is ahead of
                the log then, and worth nothing.
        """
        started_s = self._clock.monotonic_s()
        with self._lock:
            plan = self._ledger.plan(started_s, self._clock.time_ns() // 1_000_000)
            if plan is not None:
                self._storer.planned(plan.garbage)
        if plan is None:
            return None
        records = render(plan, self._identity, self._max_bytes, self._clock.time_ns())
        self._writer.transact(records, self._deadline_s)
        self._storer.committed()
        return CommitReport(
            position=plan.partition.position,
            num_narrations=plan.num_narrations,
            num_dead_letters=len(plan.dead_letters),
            num_checkpoints=len(plan.checkpoints),
            num_blobs=num_blobs,
            duration_s=self._clock.monotonic_s() - started_s,
        )
