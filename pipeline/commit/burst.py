"""One commit: snapshots into the store, then one transaction, then the old blobs are deleted."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.commit.blob import BlobRef
from pipeline.commit.identity import SessionIdentity
from pipeline.commit.ledger import PartitionLedger
from pipeline.commit.ports import BlobStore, Clock, TransactionWriter
from pipeline.commit.render import render
from pipeline.commit.stream_ledger import PendingSnapshot
from pipeline.errors import StateStoreError

_log = logging.getLogger(__name__)

_STORE_PAUSE_S = 10.0
"""After the store failed it is left alone for this long: commits must not wait for its deadline each time."""


@dataclass(frozen=True, slots=True)
class CommitReport:
    """What one commit made true.

    Attributes:
        position: The partition's position.
        num_narrations: Narrations that became visible.
        num_dead_letters: Dead letters that became visible.
        num_checkpoints: Streams whose record was written or deleted.
        num_blobs: Snapshots stored.
        duration_s: From the first blob to the committed transaction.
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
        lock: Held whenever the ledger is touched, and never while Kafka or Redis are waited for.
        writer: The partition's producer.
        blobs: Where snapshots go.
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
        blobs: BlobStore,
        clock: Clock,
        *,
        max_bytes: Mapping[str, int],
        deadline_s: float,
    ) -> None:
        self._identity = identity
        self._ledger = ledger
        self._lock = lock
        self._writer = writer
        self._blobs = blobs
        self._clock = clock
        self._max_bytes = dict(max_bytes)
        self._deadline_s = deadline_s
        self._store_again_at_s = 0.0

    def run(self) -> CommitReport | None:
        """Commit what the ledger holds now; None if that is nothing.

        Raises:
            NotCommittedError, FencedError, OutcomeUnknownError: See TransactionWriter. The ledger is ahead of
                the log then, and worth nothing.
        """
        started_s = self._clock.monotonic_s()
        num_blobs = self.store_snapshots()
        with self._lock:
            plan = self._ledger.plan(self._clock.monotonic_s())
        if plan is None:
            return None
        records = render(plan, self._identity, self._max_bytes, self._clock.time_ns())
        self._writer.transact(records, self._deadline_s)
        duration_s = self._clock.monotonic_s() - started_s
        self._delete(plan.garbage)
        return CommitReport(
            position=plan.partition.position,
            num_narrations=plan.num_narrations,
            num_dead_letters=len(plan.dead_letters),
            num_checkpoints=len(plan.checkpoints),
            num_blobs=num_blobs,
            duration_s=duration_s,
        )

    def store_snapshots(self) -> int:
        """Store what is pending. If the store fails, narrations go on and only the replay gets longer."""
        if self._clock.monotonic_s() < self._store_again_at_s:
            return 0
        with self._lock:
            snapshots = self._ledger.pending_snapshots()
        for num_stored, snapshot in enumerate(snapshots):
            try:
                blob = self._put(snapshot)
            except StateStoreError as error:
                _log.warning("partition %d: snapshots wait: %s", self._identity.partition, error)
                self._store_again_at_s = self._clock.monotonic_s() + _STORE_PAUSE_S
                return num_stored
            with self._lock:
                self._ledger.stored(snapshot, blob)
        return len(snapshots)

    def _put(self, snapshot: PendingSnapshot) -> BlobRef | None:
        if snapshot.data is None:
            return None
        identity = self._identity
        return self._blobs.put(identity.partition, identity.generation, snapshot.stream, snapshot.data)

    def _delete(self, garbage: tuple[BlobRef, ...]) -> None:
        try:
            self._blobs.delete(garbage)
        except StateStoreError as error:
            _log.info("partition %d: %d old blobs stay: %s", self._identity.partition, len(garbage), error)
