"""Bookkeeping of one stream: its checkpoint record as it will be after the next transaction."""

from dataclasses import dataclass, replace

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import BaseState, JournalSegment, StreamCheckpoint
from pipeline.reader.admission import AdmissionState


@dataclass(frozen=True, slots=True)
class PendingSnapshot:
    """A snapshot that is not yet stored.

    Attributes:
        stream: Stream id.
        data: The snapshot.
        position: Last frame inside it.
        admission: What the admission had seen then.
    """

    stream: str
    data: bytes
    position: FramePosition
    admission: AdmissionState | None


class StreamLedger:
    """Mutable; touches nothing but itself.

    Attributes:
        record: The record as of now.
        is_stored: The log has a record of the stream, perhaps an older one.
        last_processed: Last frame that changed the stream's state in this process, or None.
        pending: Newest snapshot that is not yet stored, or None.
        snapshot_at_s: When the last snapshot was taken, by the monotonic clock.
    """

    def __init__(self, record: StreamCheckpoint, *, is_stored: bool, now_s: float) -> None:
        self.record = record
        self.is_stored = is_stored
        self.last_processed: FramePosition | None = None
        self.pending: PendingSnapshot | None = None
        self.snapshot_at_s = now_s
        self._record_ends: dict[int, int] = {}

    def is_complete(self, position: FramePosition) -> bool:
        """Whether `position` is known to be the last frame of its record."""
        return self._record_ends.get(position.offset) == position.index

    def processed(self, position: FramePosition, last_of_record: bool) -> None:
        """A frame went into the stream's state, or was passed over because it is in there already."""
        if last_of_record:
            self._record_ends[position.offset] = position.index
        if position > self.record.base.position:
            self.last_processed = position

    def narrated(self, narration: Narration, admission: AdmissionState) -> int | None:
        """Take a narration into the journal.

        Returns:
            The number of its event, or None if the narration at this place is decided already.
        """
        record = self.record
        if narration.end <= record.narrated_through:
            return None
        self.record = replace(
            record,
            narrated_through=narration.end,
            journal=(*record.journal, JournalSegment(narration.end, narration.token_ids)),
            admission=admission,
            next_event=record.next_event + 1,
            ended=False,
        )
        return record.next_event

    def num_segments_since_snapshot(self) -> int:
        """Narrations that the newest snapshot does not contain."""
        return len(self.record.journal_after(self._newest_snapshot()))

    def has_progress(self) -> bool:
        """Whether a snapshot would contain more than the newest one."""
        return self.last_processed is not None and self.last_processed > self._newest_snapshot()

    def rebase(self, base: BaseState) -> frozenset[BlobRef]:
        """Make `base` the state that a recovery starts from; the one before it becomes `previous`.

        Returns:
            Blobs that the record named and does not name any more.
        """
        old = self.record
        journal = old.journal_after(old.base.position)
        return self._replace(replace(old, base=base, previous=old.base, journal=journal, ended=False))

    def end(self, position: FramePosition, admission: AdmissionState) -> frozenset[BlobRef]:
        """The stream ended: its next frame, if there ever is one, begins a new state. Returns as `rebase`."""
        base = BaseState(position, complete=True, admission=admission)
        self.pending = None
        self.last_processed = None
        ended = replace(self.record, base=base, narrated_through=position, previous=None, journal=())
        return self._replace(replace(ended, admission=admission, ended=True))

    def _newest_snapshot(self) -> FramePosition:
        base = self.record.base.position
        return max(base, self.pending.position) if self.pending else base

    def _replace(self, record: StreamCheckpoint) -> frozenset[BlobRef]:
        dropped = self.record.blobs - record.blobs
        self.record = record
        first_offset = record.base.position.offset
        self._record_ends = {o: i for o, i in self._record_ends.items() if o >= first_offset}
        return dropped
