"""The store's side of a session: snapshots go in, what was lost is made good, rubbish is deleted."""

import logging
import threading
from collections.abc import Mapping

from pipeline.commit.blob import BlobRef
from pipeline.commit.identity import SessionIdentity
from pipeline.commit.ledger import PartitionLedger
from pipeline.commit.ports import BlobStore, Clock
from pipeline.commit.recovered import RecoveredStream
from pipeline.commit.stream_ledger import PendingSnapshot
from pipeline.errors import StateStoreError

_log = logging.getLogger(__name__)

VERIFY_EVERY_S = 60.0
"""How often it is made sure that the named blobs are there: a failover may lose a few and keep the rest."""

SWEEP_EVERY_S = 600.0
"""How often rubbish is looked for: a fenced owner may have put a blob after the sweep of the takeover."""


class SnapshotStorer:
    """Stores a ledger's snapshots again and again. One thread at a time; others may use the ledger.

    While the store fails, narrations go on and only a replay gets longer. Nothing is deleted before it is
    certain that no record in the log names it.

    Args:
        identity: Whose snapshots these are.
        ledger: Where they come from.
        lock: Held whenever the ledger is touched, and never while the store is waited for.
        blobs: The store.
        clock: The clock.
        recovered: What the takeover found: states that were not changed since can be stored again from here.
    """

    def __init__(
        self,
        identity: SessionIdentity,
        ledger: PartitionLedger,
        lock: threading.Lock,
        blobs: BlobStore,
        clock: Clock,
        recovered: Mapping[str, RecoveredStream],
    ) -> None:
        self._identity = identity
        self._ledger = ledger
        self._lock = lock
        self._blobs = blobs
        self._clock = clock
        self._recovered = {
            stream: PendingSnapshot(stream, state.snapshot, state.covered, state.admission)
            for stream, state in recovered.items()
            if state.snapshot is not None
        }
        self._data_set = blobs.data_set()
        self._verify_at_s = clock.monotonic_s() + VERIFY_EVERY_S
        self._sweep_at_s = clock.monotonic_s() + SWEEP_EVERY_S
        self._planned: tuple[BlobRef, ...] = ()
        self._deletable: list[BlobRef] = []

    def run(self) -> int:
        """Store what is pending, after a look at what was lost; returns how many snapshots were stored."""
        num_stored = 0
        try:
            self._find_lost()
            with self._lock:
                pending = self._ledger.snapshots.pending()
            for snapshot in pending:
                blob = self._put(snapshot)
                with self._lock:
                    self._ledger.snapshots.stored(snapshot, blob)
                num_stored += 1
            self.delete()
            self._sweep()
        except StateStoreError as error:
            # The store itself says once that it is down; who knows what is missing when it is back.
            _log.debug("partition %d: snapshots wait: %s", self._identity.partition, error)
            self._verify_at_s = self._clock.monotonic_s()
        return num_stored

    def planned(self, garbage: tuple[BlobRef, ...]) -> None:
        """A plan was made whose records do not name these any more. Called under the lock."""
        self._planned = garbage

    def committed(self) -> None:
        """The plan is in the log: what it does not name may be deleted."""
        with self._lock:
            self._deletable += self._planned
            self._planned = ()

    def delete(self) -> None:
        """Delete what no record names any more; if the store fails, that is tried again later."""
        with self._lock:
            garbage, self._deletable = self._deletable, []
        if not garbage:
            return
        try:
            self._blobs.delete(garbage)
        except StateStoreError as error:
            _log.debug("partition %d: %d old blobs stay: %s", self._identity.partition, len(garbage), error)
            with self._lock:
                self._deletable += garbage

    def close(self) -> None:
        """Nothing is stored any more."""
        with self._lock:
            self._recovered = {}

    def _put(self, snapshot: PendingSnapshot) -> BlobRef | None:
        if snapshot.data is None:
            return None
        identity = self._identity
        return self._blobs.put(identity.partition, identity.generation, snapshot.stream, snapshot.data)

    def _find_lost(self) -> None:
        """Look for the named blobs, now and then and whenever the store may have lost some."""
        data_set, now_s = self._blobs.data_set(), self._clock.monotonic_s()
        is_another = bool(self._data_set) and data_set != self._data_set
        if not is_another and now_s < self._verify_at_s:
            self._data_set = data_set
            return
        snapshots = self._ledger.snapshots
        with self._lock:
            needed = snapshots.needed_blobs()
            # They are large: none is kept that a newer one has taken the place of.
            self._recovered = {s: old for s, old in self._recovered.items() if snapshots.is_newest(old)}
        missing = self._blobs.missing(needed)
        self._data_set, self._verify_at_s = data_set, now_s + VERIFY_EVERY_S
        if not missing:
            return
        with self._lock:
            streams = snapshots.lose(missing)
            for stream in streams:
                if (again := self._recovered.get(stream)) is not None:
                    snapshots.taken(again, now_s)
        _log.warning(
            "partition %d: the store has lost %d blobs%s; %d states are written down again",
            self._identity.partition,
            len(missing),
            " and is another data set" if is_another else "",
            len(streams),
        )

    def _sweep(self) -> None:
        if self._clock.monotonic_s() < self._sweep_at_s:
            return
        with self._lock:
            keep = self._ledger.snapshots.needed_blobs() | frozenset(self._planned)
        identity = self._identity
        num_deleted = self._blobs.sweep(identity.partition, identity.generation, keep)
        self._sweep_at_s = self._clock.monotonic_s() + SWEEP_EVERY_S
        if num_deleted:
            _log.info("partition %d: deleted %d blobs that nobody names", identity.partition, num_deleted)
