"""Which states are written down: what is due, taken, stored, what the store lost, and what is rubbish."""

from collections.abc import Collection, Iterable

from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import BaseState
from pipeline.commit.event_ledger import EventLedger
from pipeline.commit.positions import OpenPositions
from pipeline.commit.snapshot_policy import SnapshotPolicy
from pipeline.commit.stream_books import StreamBooks
from pipeline.commit.stream_ledger import PendingSnapshot, StreamLedger


class SnapshotLedger:
    """Mutable; touches nothing but the partition's bookkeeping.

    Args:
        books: The streams' ledgers.
        positions: Which records are still needed.
        events: What there is to tell of the streams.
        policy: When a stream is due for a snapshot.
    """

    def __init__(
        self, books: StreamBooks, positions: OpenPositions, events: EventLedger, policy: SnapshotPolicy
    ) -> None:
        self._books = books
        self._positions = positions
        self._events = events
        self._policy = policy
        self._lost: frozenset[BlobRef] = frozenset()
        self._garbage: list[BlobRef] = []

    def is_due(self, stream: str, now_s: float) -> bool:
        """See PartitionSession.snapshot_due."""
        ledger = self._books.streams.get(stream)
        if ledger is None or ledger.last_processed is None:
            return False
        if self._has_lost(ledger) and ledger.pending is None:
            return True
        return ledger.has_progress() and self._policy.is_due(
            num_segments=ledger.num_segments_since_snapshot(),
            age_s=now_s - ledger.snapshot_at_s,
            num_records_saved=self._positions.saved_by_snapshot(stream, ledger.last_processed),
        )

    def due_streams(self, now_s: float) -> list[str]:
        """All streams that are due for a snapshot, also those that no frame comes from any more."""
        return [stream for stream in self._books.streams if self.is_due(stream, now_s)]

    def taken(self, snapshot: PendingSnapshot, now_s: float) -> None:
        """See PartitionSession.snapshotted."""
        ledger = self._books.of(snapshot.stream, now_s)
        newest = ledger.record.base.position
        again = snapshot.position == newest and self._has_lost(ledger) and ledger.pending is None
        if snapshot.position > newest or again:
            ledger.pending = snapshot
            ledger.snapshot_at_s = now_s

    def pending(self) -> list[PendingSnapshot]:
        """Snapshots to be stored before the next plan."""
        return [ledger.pending for ledger in self._books.streams.values() if ledger.pending is not None]

    def is_newest(self, snapshot: PendingSnapshot) -> bool:
        """Whether a stored snapshot is the one that a recovery would begin with."""
        ledger = self._books.streams.get(snapshot.stream)
        return ledger is not None and (
            ledger.record.base.blob is not None and ledger.record.base.position == snapshot.position
        )

    def stored(self, snapshot: PendingSnapshot, blob: BlobRef | None) -> None:
        """A snapshot is stored: the next plan names its blob, and then the records inside are not needed."""
        ledger = self._books.streams.get(snapshot.stream)
        if ledger is not None and ledger.pending is snapshot:
            ledger.pending = None
        if ledger is not None and snapshot.position > ledger.record.base.position:
            self._go_on_from(ledger, snapshot, blob)
        elif ledger is not None and blob is not None and self._is_again(ledger, snapshot):
            self._lost -= {blob}
            self._garbage += ledger.replace_blob(blob)
            self._books.note(snapshot.stream)
        elif blob is not None and (ledger is None or blob not in ledger.record.blobs):
            self._garbage.append(blob)

    def lose(self, blobs: Collection[BlobRef]) -> list[str]:
        """The store has lost blobs: the states in them are due, and stored once more while they live.

        Returns:
            Streams whose newest state was in one of them.
        """
        self._lost = (self._lost | frozenset(blobs)) & self._named()
        return [stream for stream, ledger in self._books.streams.items() if self._has_lost(ledger)]

    def drop(self, blobs: Iterable[BlobRef]) -> None:
        """The next plan's records do not name these any more."""
        self._garbage += blobs

    def take_garbage(self) -> tuple[BlobRef, ...]:
        """What may be deleted once the plan that is made now is committed."""
        garbage, self._garbage = tuple(self._garbage), []
        return garbage

    def needed_blobs(self) -> frozenset[BlobRef]:
        """Blobs that records name, or that the log's records name until the next plan is committed."""
        return self._named() | frozenset(self._garbage)

    def _go_on_from(self, ledger: StreamLedger, snapshot: PendingSnapshot, blob: BlobRef | None) -> None:
        stream, position = snapshot.stream, snapshot.position
        # A replay begins behind the snapshot: nobody else will tell them.
        self._events.tell_left_out(stream, ledger)
        complete = ledger.is_complete(position)
        # Where there is no state yet, what is known of the settings that it began with still holds.
        settings = ledger.record.base.settings if blob is None else None
        self._garbage += ledger.rebase(BaseState(position, complete, snapshot.admission, blob, settings))
        self._positions.close_through(stream, position, complete)
        self._books.note(stream)

    def _is_again(self, ledger: StreamLedger, snapshot: PendingSnapshot) -> bool:
        return snapshot.position == ledger.record.base.position and self._has_lost(ledger)

    def _has_lost(self, ledger: StreamLedger) -> bool:
        return ledger.record.base.blob in self._lost

    def _named(self) -> frozenset[BlobRef]:
        return frozenset(blob for ledger in self._books.streams.values() for blob in ledger.record.blobs)
