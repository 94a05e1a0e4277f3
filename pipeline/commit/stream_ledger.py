"""Bookkeeping of one stream: its checkpoint record as it will be after the next transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import BaseState, JournalSegment, StreamCheckpoint
from pipeline.commit.empty_memory import begin_anew
from pipeline.commit.left_out import LeftOutFrames
from pipeline.messages.events import FrameRange
from pipeline.reader.admission import AdmissionState


@dataclass(frozen=True, slots=True)
class PendingSnapshot:
    """A snapshot that is not yet stored.

    Attributes:
        stream: Stream id.
        data: The snapshot; None if no frame was ever shown to the model, so that there is no state.
        position: Last frame inside it.
        admission: What the admission had seen then.
    """

    stream: str
    data: bytes | None
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
        left_out: Frames that were left out and are not told yet.
    """

    def __init__(self, record: StreamCheckpoint, *, is_stored: bool, now_s: float) -> None:
        self.record = record
        self.is_stored = is_stored
        self.last_processed: FramePosition | None = None
        self.pending: PendingSnapshot | None = None
        self.snapshot_at_s = now_s
        self.left_out = LeftOutFrames()
        self._record_ends: dict[int, int] = {}

    def is_complete(self, position: FramePosition) -> bool:
        """Whether `position` is known to be the last frame of its record."""
        return self._record_ends.get(position.offset) == position.index

    def processed(self, position: FramePosition, last_of_record: bool) -> None:
        """A frame went into the stream's state, was left out of it, or was passed over as it is in there."""
        self.left_out.shown(position)
        if last_of_record:
            self._record_ends[position.offset] = position.index
        if position > self.record.base.position:
            self.last_processed = position

    def narrated(self, narration: Narration, admission: AdmissionState, settings: str | None) -> int:
        """Take a narration behind all others into the journal; returns the number of its event."""
        number = self.take_number()
        segment = JournalSegment(narration.end, narration.token_ids, settings)
        self.record = replace(
            self.record,
            narrated_through=narration.end,
            journal=(*self.record.journal, segment),
            admission=admission,
            ended=False,
        )
        return number

    def take_number(self) -> int:
        """The number of the stream's next event; one behind a stream's end begins a new life of it."""
        number = self.record.next_event
        # Or the stream could be forgotten, and its numbers begin again in the same epoch.
        self.record = replace(self.record, next_event=number + 1, ended=False)
        return number

    def opened(self, settings: str) -> bool:
        """A new state begins with these settings; returns whether that was news."""
        base = self.record.base
        if base.blob is not None or base.settings is not None or self.record.journal_after(base.position):
            return False
        self.record = replace(self.record, base=replace(base, settings=settings))
        return True

    def leave_out(self, ranges: Sequence[FrameRange]) -> None:
        """Note frames that no replay may show to the model."""
        left_out = sorted((*self.record.left_out, *ranges), key=lambda frames: frames.first)
        through = max(self.record.left_out_through, left_out[-1].last)
        self.record = replace(self.record, left_out=tuple(left_out), left_out_through=through)

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
        kept = replace(
            old,
            base=base,
            previous=old.base,
            journal=old.journal_after(old.base.position),
            left_out=old.left_out_after(old.base.position),
            ended=False,
        )
        return self._replace(kept)

    def begin_anew(self) -> frozenset[BlobRef]:
        """The state at `base` can't be used. Returns as `rebase`."""
        self.pending = None
        return self._replace(begin_anew(self.record))

    def replace_blob(self, blob: BlobRef) -> frozenset[BlobRef]:
        """The state at `base` was stored once more. Returns as `rebase`."""
        return self._replace(replace(self.record, base=replace(self.record.base, blob=blob)))

    def end(self, position: FramePosition, admission: AdmissionState) -> frozenset[BlobRef]:
        """The stream ended: its next frame, if there ever is one, begins a new state. Returns as `rebase`."""
        base = BaseState(position, complete=True, admission=admission)
        self.pending = None
        self.last_processed = None
        ended = replace(
            self.record,
            base=base,
            narrated_through=position,
            previous=None,
            journal=(),
            admission=admission,
            ended=True,
            silent_since_ns=None,
            left_out=(),
        )
        return self._replace(ended)

    def _newest_snapshot(self) -> FramePosition:
        base = self.record.base.position
        return max(base, self.pending.position) if self.pending else base

    def _replace(self, record: StreamCheckpoint) -> frozenset[BlobRef]:
        dropped = self.record.blobs - record.blobs
        self.record = record
        first_offset = record.base.position.offset
        self._record_ends = {o: i for o, i in self._record_ends.items() if o >= first_offset}
        return dropped
