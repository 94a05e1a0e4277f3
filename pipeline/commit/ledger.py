"""Bookkeeping of one partition: what happened, and what the next transaction contains.

Nothing here touches Kafka, Redis or a clock; one lock around it makes it thread-safe (session.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from operators.narrator.types import FramePosition
from pipeline.commit.checkpoint_record import PartitionCheckpoint, StreamCheckpoint
from pipeline.commit.empty_memory import with_unnarrated
from pipeline.commit.event_ledger import EventLedger
from pipeline.commit.plan import CommitPlan
from pipeline.commit.positions import OpenPositions
from pipeline.commit.snapshot_ledger import SnapshotLedger
from pipeline.commit.snapshot_policy import SnapshotPolicy
from pipeline.commit.special_streams import SpecialStreams
from pipeline.commit.stream_books import StreamBooks
from pipeline.messages.dead_letter import DeadLetter
from pipeline.messages.events import Fault, StreamEvent
from pipeline.reader.admission import AdmissionState

NO_STREAM = ""
"""Stands for the records of a partition that belong to no valid stream of it."""


class PartitionLedger:
    """Mutable; see the module.

    Attributes:
        events: What there is to tell of the streams.
        snapshots: Which of their states are written down.

    Args:
        model_hash: Model that narrates.
        partition: The partition's record as committed.
        records: The streams' records to go on from.
        changed: Streams whose record differs from the log's: they are written with the first plan.
        found: What the takeover found out about streams: it is told with the first plan.
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
        found: Mapping[str, Sequence[StreamEvent]],
        start: int,
        policy: SnapshotPolicy,
        now_s: float,
    ) -> None:
        self._partition = partition
        self._positions = OpenPositions(start)
        self._books = StreamBooks(model_hash, records, changed, now_s, lambda: self._partition.position)
        self._special = SpecialStreams(self._books.streams, self._positions)
        self.events = EventLedger(self._books)
        self.snapshots = SnapshotLedger(self._books, self._positions, self.events, policy)
        self._dead_letters: list[DeadLetter] = []
        for stream, events in found.items():
            self.events.tell(stream, self._books.of(stream, now_s), events)

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
            needed = offset >= self._books.of(stream, now_s).record.base.next_offset
        if needed:
            self._positions.open(stream, offset)

    def passed(self, offset: int, previous: int) -> None:
        """See PartitionSession.passed."""
        self._positions.deliver(offset, previous)

    def processed(self, stream: str, position: FramePosition, last_of_record: bool, now_s: float) -> None:
        """See PartitionSession.processed."""
        ledger = self._books.of(stream, now_s)
        ledger.processed(position, last_of_record)
        if last_of_record and position <= ledger.record.base.position:
            self._positions.close(position.offset)

    def opened(self, stream: str, settings: str, now_s: float) -> None:
        """See PartitionSession.opened."""
        self._books.of(stream, now_s).opened(settings)

    def dead_lettered(self, stream: str, letter: DeadLetter, now_s: float) -> bool:
        """See PartitionSession.dead_lettered."""
        self._positions.close(letter.offset)
        if stream == NO_STREAM:
            if letter.offset <= self._partition.dead_lettered_through:
                return False
            self._partition = replace(self._partition, dead_lettered_through=letter.offset)
        else:
            ledger = self._books.of(stream, now_s)
            if letter.offset <= ledger.record.dead_lettered_through:
                return False
            # Together: what was left out before a refused record can't be decided anew any more.
            self.events.tell_left_out(stream, ledger)
            ledger.record = replace(ledger.record, dead_lettered_through=letter.offset)
            self._books.note(stream)
            self._special.may_leave(stream)
        self._dead_letters.append(letter)
        return True

    def camera_refused(self, letter: DeadLetter) -> bool:
        """See PartitionSession.camera_refused."""
        if letter.offset <= self._partition.cameras_dead_lettered_through:
            return False
        self._partition = replace(self._partition, cameras_dead_lettered_through=letter.offset)
        self._dead_letters.append(letter)
        return True

    def ended(
        self,
        stream: str,
        position: FramePosition,
        admission: AdmissionState,
        fault: Fault | None,
        now_s: float,
    ) -> None:
        """See PartitionSession.ended."""
        ledger = self._books.of(stream, now_s)
        if position.offset < ledger.record.base.next_offset:
            # A snapshot at this very position does not count: it was taken before the end was dealt with.
            return
        self.events.tell_left_out(stream, ledger)
        if fault is not None:
            after = ledger.record.last_narrated
            self.events.tell(stream, ledger, [replace(fault, after=after, through=position)])
        self.snapshots.drop(ledger.end(position, admission))
        self._positions.close_through(stream, position, complete=True)
        self._books.note(stream)
        self._special.may_leave(stream)

    def memory_lost(self, stream: str, fault: Fault, now_s: float) -> FramePosition:
        """See SessionEvents.memory_lost."""
        ledger = self._books.of(stream, now_s)
        fault = with_unnarrated(fault, ledger.record)
        self.snapshots.drop(ledger.begin_anew())
        self.events.tell(stream, ledger, [fault])
        return ledger.record.base.position

    def plan(self, now_s: float, time_ms: int) -> CommitPlan | None:
        """The next transaction, or None if nothing happened; `time_ms` is now, Unix milliseconds.

        What it contains counts as committed from now on. So after a failed transaction the ledger is worth
        nothing, and the partition must be recovered.
        """
        position, books = self.position, self._books
        self.events.tell_waiting(now_s)
        for stream in self._special.catch_up(position, books.changed):
            books.note(stream)
        forgotten = self._special.forget(position, time_ms)
        checkpoints: list[tuple[str, StreamCheckpoint | None]] = [
            (stream, books.streams[stream].record) for stream in books.changed if stream in books.streams
        ]
        for stream, _ in checkpoints:
            books.streams[stream].is_stored = True
        checkpoints += [(stream, None) for stream, is_stored in forgotten if is_stored]
        events = self.events.take()
        moved = position != self._partition.position
        if not (moved or checkpoints or events or self._dead_letters):
            return None
        self._partition = replace(self._partition, position=position)
        plan = CommitPlan(
            events=events,
            dead_letters=tuple(self._dead_letters),
            checkpoints=tuple(checkpoints),
            partition=self._partition,
            garbage=self.snapshots.take_garbage(),
        )
        self._dead_letters = []
        books.changed.clear()
        return plan
