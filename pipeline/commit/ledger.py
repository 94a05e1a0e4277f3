"""Bookkeeping of one partition: what happened, and what the next transaction contains.

Nothing here touches Kafka, Redis or a clock; one lock around it makes it thread-safe (session.py).
"""

from collections.abc import Mapping
from dataclasses import replace

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import (
    BaseState,
    PartitionCheckpoint,
    StreamCheckpoint,
)
from pipeline.commit.plan import CommitPlan, NumberedNarration
from pipeline.commit.positions import OpenPositions
from pipeline.commit.snapshot_policy import SnapshotPolicy
from pipeline.commit.special_streams import SpecialStreams
from pipeline.commit.stream_ledger import PendingSnapshot, StreamLedger
from pipeline.messages.dead_letter import DeadLetter
from pipeline.reader.admission import AdmissionState

NO_STREAM = ""
"""Stands for the records of a partition that belong to no valid stream of it."""


class PartitionLedger:
    """Mutable; see the module.

    Args:
        model_hash: Model that narrates.
        partition: The partition's record as committed.
        records: The streams' records to go on from.
        changed: Streams whose record differs from the log's: they are written with the first plan.
        start: First offset that is read: the committed position, or lower if a stream needs more.
        policy: When a stream is due for a snapshot.
        now_s: Monotonic time.
    """

    def __init__(
        self,
        *,
        model_hash: str,
        partition: PartitionCheckpoint,
        records: Mapping[str, StreamCheckpoint],
        changed: frozenset[str],
        start: int,
        policy: SnapshotPolicy,
        now_s: float,
    ) -> None:
        self._model_hash = model_hash
        self._partition = partition
        self._positions = OpenPositions(start)
        self._policy = policy
        self._streams = {
            stream: StreamLedger(record, is_stored=True, now_s=now_s) for stream, record in records.items()
        }
        self._changed = dict.fromkeys(sorted(changed))
        self._special = SpecialStreams(self._streams, self._positions)
        self._narrations: list[NumberedNarration] = []
        self._dead_letters: list[DeadLetter] = []
        self._garbage: list[BlobRef] = []

    @property
    def position(self) -> int:
        """The partition's position if a transaction were committed now; never goes back."""
        return max(self._partition.position, self._positions.position)

    @property
    def num_open(self) -> int:
        """Records that are delivered and still needed."""
        return self._positions.num_open

    def delivered(self, stream: str, offset: int, previous: int | None, now_s: float) -> None:
        """See PartitionSession.delivered."""
        if not self._positions.deliver(offset, previous):
            return
        if stream == NO_STREAM:
            needed = offset > self._partition.dead_lettered_through
        else:
            needed = offset >= self._ledger(stream, now_s).record.base.next_offset
        if needed:
            self._positions.open(stream, offset)

    def processed(self, stream: str, position: FramePosition, last_of_record: bool, now_s: float) -> None:
        """See PartitionSession.processed."""
        ledger = self._ledger(stream, now_s)
        ledger.processed(position, last_of_record)
        if last_of_record and position <= ledger.record.base.position:
            self._positions.close(position.offset)

    def narrated(
        self,
        stream: str,
        narration: Narration,
        admission: AdmissionState,
        prompt_version: str,
        origin_traceparent: str | None,
        now_s: float,
    ) -> int | None:
        """See PartitionSession.narrated."""
        number = self._ledger(stream, now_s).narrated(narration, admission)
        if number is not None:
            event = NumberedNarration(
                stream, admission.epoch, number, narration, prompt_version, origin_traceparent
            )
            self._narrations.append(event)
            self._changed[stream] = None
        return number

    def dead_lettered(self, stream: str, letter: DeadLetter, now_s: float) -> bool:
        """See PartitionSession.dead_lettered."""
        self._positions.close(letter.offset)
        if stream == NO_STREAM:
            if letter.offset <= self._partition.dead_lettered_through:
                return False
            self._partition = replace(self._partition, dead_lettered_through=letter.offset)
        else:
            ledger = self._ledger(stream, now_s)
            if letter.offset <= ledger.record.dead_lettered_through:
                return False
            ledger.record = replace(ledger.record, dead_lettered_through=letter.offset)
            self._changed[stream] = None
            self._special.may_leave(stream)
        self._dead_letters.append(letter)
        return True

    def ended(self, stream: str, position: FramePosition, admission: AdmissionState, now_s: float) -> None:
        """See PartitionSession.ended."""
        ledger = self._ledger(stream, now_s)
        if position.offset < ledger.record.base.next_offset:
            # A snapshot at this very position does not count: it was taken before the end was dealt with.
            return
        self._garbage += ledger.end(position, admission)
        self._positions.close_through(stream, position, complete=True)
        self._changed[stream] = None
        self._special.may_leave(stream)

    def snapshotted(self, snapshot: PendingSnapshot, now_s: float) -> None:
        """See PartitionSession.snapshotted."""
        ledger = self._ledger(snapshot.stream, now_s)
        if snapshot.position > ledger.record.base.position:
            ledger.pending = snapshot
            ledger.snapshot_at_s = now_s

    def pending_snapshots(self) -> list[PendingSnapshot]:
        """Snapshots to be stored before the next plan."""
        return [ledger.pending for ledger in self._streams.values() if ledger.pending is not None]

    def stored(self, snapshot: PendingSnapshot, blob: BlobRef) -> None:
        """A snapshot is stored: the next plan names its blob, and then the records inside are not needed."""
        ledger = self._streams.get(snapshot.stream)
        if ledger is None or snapshot.position <= ledger.record.base.position:
            if ledger is None or blob not in ledger.record.blobs:
                self._garbage.append(blob)
            return
        if ledger.pending is snapshot:
            ledger.pending = None
        complete = ledger.is_complete(snapshot.position)
        base = BaseState(snapshot.position, complete, snapshot.admission, blob)
        self._garbage += ledger.rebase(base)
        self._positions.close_through(snapshot.stream, snapshot.position, complete)
        self._changed[snapshot.stream] = None

    def snapshot_due(self, stream: str, now_s: float) -> bool:
        """See PartitionSession.snapshot_due."""
        ledger = self._streams.get(stream)
        if ledger is None or ledger.last_processed is None or not ledger.has_progress():
            return False
        return self._policy.is_due(
            num_segments=ledger.num_segments_since_snapshot(),
            age_s=now_s - ledger.snapshot_at_s,
            num_records_saved=self._positions.saved_by_snapshot(stream, ledger.last_processed),
        )

    def due_streams(self, now_s: float) -> list[str]:
        """All streams that are due for a snapshot, also those that no frame comes from any more."""
        return [stream for stream in self._streams if self.snapshot_due(stream, now_s)]

    def plan(self) -> CommitPlan | None:
        """The next transaction, or None if nothing happened.

        What it contains counts as committed from now on. So after a failed transaction the ledger is worth
        nothing, and the partition must be recovered.
        """
        position = self.position
        self._changed |= dict.fromkeys(self._special.catch_up(position, self._changed))
        forgotten = self._special.forget(position)
        checkpoints: list[tuple[str, StreamCheckpoint | None]] = [
            (stream, self._streams[stream].record) for stream in self._changed if stream in self._streams
        ]
        for stream, _ in checkpoints:
            self._streams[stream].is_stored = True
        checkpoints += [(stream, None) for stream, is_stored in forgotten if is_stored]
        moved = position != self._partition.position
        if not (moved or checkpoints or self._narrations or self._dead_letters):
            return None
        self._partition = replace(self._partition, position=position)
        plan = CommitPlan(
            narrations=tuple(self._narrations),
            dead_letters=tuple(self._dead_letters),
            checkpoints=tuple(checkpoints),
            partition=self._partition,
            garbage=tuple(self._garbage),
        )
        self._narrations, self._dead_letters, self._garbage, self._changed = [], [], [], {}
        return plan

    def _ledger(self, stream: str, now_s: float) -> StreamLedger:
        """The stream's ledger.

        A new stream begins at the partition's committed position: what it had before that, if anything, was
        dealt with in a former life of the stream.
        """
        ledger = self._streams.get(stream)
        if ledger is None:
            record = StreamCheckpoint.new(self._model_hash, self._partition.position)
            ledger = self._streams[stream] = StreamLedger(record, is_stored=False, now_s=now_s)
        return ledger
