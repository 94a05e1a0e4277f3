"""One ownership of one partition: the engine's thread reports, the committer's thread commits."""

import threading
from collections.abc import Callable, Mapping

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.burst import CommitBurst, CommitReport
from pipeline.commit.identity import SessionIdentity
from pipeline.commit.ports import BlobStore, Clock
from pipeline.commit.recovered import RecoveredPartition
from pipeline.commit.recovery import Takeover
from pipeline.commit.session_events import SessionEvents
from pipeline.commit.storer import SnapshotStorer
from pipeline.commit.stream_ledger import PendingSnapshot
from pipeline.errors import NotCommittedError
from pipeline.messages.dead_letter import DeadLetter
from pipeline.messages.events import Fault
from pipeline.reader.admission import AdmissionState


class PartitionSession:
    """What a narrator does with a partition that it owns.

    Every record is `delivered` first. Then, for each stream in the order of its records: it
    `events.record_began`; its frames are taken, `events.refused` or `events.left_out`, in any case
    `processed`, and now and then the stream is `narrated` and `snapshotted`; or the record is
    `dead_lettered`, or the stream `ended`. All that is buffered; `commit` makes it true. Methods are
    thread-safe, and a frame's calls may lie on both sides of a commit. After `commit` raised, the session is
    dead: nothing that was buffered will become true through it, and the partition must be taken over again
    with a new generation.

    Attributes:
        events: Where gaps, left-out frames and refused ones are reported.

    Args:
        identity: Whose session this is.
        takeover: What the takeover gave.
        blobs: Where snapshots go.
        clock: The clock.
        max_bytes: Largest record of each topic.
        commit_deadline_s: After this, a commit's outcome is unknown.
        on_position: Told the position after each commit, to show lag; must return at once.
    """

    def __init__(
        self,
        identity: SessionIdentity,
        takeover: Takeover,
        blobs: BlobStore,
        clock: Clock,
        *,
        max_bytes: Mapping[str, int],
        commit_deadline_s: float,
        on_position: Callable[[int], None] = lambda position: None,
    ) -> None:
        self.identity = identity
        self._recovery = takeover.recovery
        self._ledger = takeover.ledger
        self._writer = takeover.writer
        self._clock = clock
        self._on_position = on_position
        self._lock = threading.Lock()
        self.events = SessionEvents(takeover.ledger, self._lock, clock)
        self._commit_lock = threading.Lock()
        self._store_lock = threading.Lock()
        self._is_alive = True
        self._num_stored = 0
        self._storer = SnapshotStorer(
            identity, takeover.ledger, self._lock, blobs, clock, takeover.recovery.streams
        )
        self._burst = CommitBurst(
            identity,
            takeover.ledger,
            self._lock,
            takeover.writer,
            self._storer,
            clock,
            max_bytes=max_bytes,
            deadline_s=commit_deadline_s,
        )

    @property
    def recovery(self) -> RecoveredPartition:
        """What the takeover found."""
        return self._recovery

    def forget_snapshots(self) -> None:
        """Leave the recovered snapshots, which are large, to those who have taken them from `recovery`."""
        self._recovery = self._recovery.without_snapshots()

    @property
    def is_alive(self) -> bool:
        """False after `close`, or after `commit` raised."""
        return self._is_alive

    @property
    def position(self) -> int:
        """Lowest offset that would be read again if a commit were made now."""
        with self._lock:
            return self._ledger.position

    @property
    def num_open(self) -> int:
        """Records that are delivered and not yet inside a blob, dead-lettered or past the end of a stream."""
        with self._lock:
            return self._ledger.num_open

    def delivered(self, stream: str, offset: int, previous: int | None = None) -> None:
        """A record was read: until it is dealt with, the partition's position does not pass it.

        Must be called for every record, the ones that will be refused or dropped too, before anything else is
        called for it. Calling it again for the same record changes nothing.

        Args:
            stream: Stream id; "" for a record that belongs to no valid stream of this partition.
            offset: Offset of the record.
            previous: Offset of the record that was read just before it from this partition, of whatever
                stream; `recovery.position - 1` for the first one. Then calls may come in any order. None if
                calls come in the order of the partition.

        Raises:
            ValueError: Without `previous`, a record came after one with a higher offset.
        """
        with self._lock:
            self._ledger.delivered(stream, offset, previous, self._clock.monotonic_s())

    def processed(self, stream: str, position: FramePosition, last_of_record: bool) -> None:
        """A frame went into the stream's state, was left out of it, or was in there already.

        Args:
            stream: Stream id.
            position: The frame.
            last_of_record: No frame of the same record comes after it, and the record does not end the
                stream: nothing of it is needed any more once the frame is inside a snapshot.
        """
        with self._lock:
            self._ledger.processed(stream, position, last_of_record, self._clock.monotonic_s())

    def narrated(
        self,
        stream: str,
        narration: Narration,
        admission: AdmissionState,
        *,
        prompt_version: str,
        origin_traceparent: str | None = None,
        settings: str | None = None,
    ) -> int | None:
        """A narration was made; it becomes visible with the next commit.

        Args:
            stream: Stream id.
            narration: The narration.
            admission: What the admission had seen after the record of the narration's last frame.
            prompt_version: Which prompt was in force.
            origin_traceparent: Trace context of the narration's last frame.
            settings: The stream's settings from here on (JSON), if they change here.

        Returns:
            The number of its event; None if the stream has a narration at this place or after it already (a
            replay).
        """
        with self._lock:
            return self._ledger.events.narrated(
                stream,
                narration,
                admission,
                prompt_version=prompt_version,
                origin_traceparent=origin_traceparent,
                settings=settings,
                now_s=self._clock.monotonic_s(),
            )

    def opened(self, stream: str, settings: str) -> None:
        """A stream without a state was opened with these settings (JSON), before its first frame."""
        with self._lock:
            self._ledger.opened(stream, settings, self._clock.monotonic_s())

    def snapshot_due(self, stream: str) -> bool:
        """Whether the stream's state should be snapshotted now; cheap enough to ask after every frame."""
        with self._lock:
            return self._ledger.snapshots.is_due(stream, self._clock.monotonic_s())

    def due_streams(self) -> list[str]:
        """All streams to be snapshotted now.

        To be asked every few seconds: a stream from which no frame comes any more would otherwise hold the
        partition's position back for good.
        """
        with self._lock:
            return self._ledger.snapshots.due_streams(self._clock.monotonic_s())

    def snapshotted(
        self, stream: str, snapshot: bytes | None, position: FramePosition, admission: AdmissionState | None
    ) -> None:
        """The stream's state was written down; the next commit stores it and moves on.

        Args:
            stream: Stream id.
            snapshot: The engine's snapshot; None if no frame was ever shown to the model.
            position: The last frame inside it or left out of it, for which `processed` was called.
            admission: What the admission had seen after the record of that frame.
        """
        pending = PendingSnapshot(stream, snapshot, position, admission)
        with self._lock:
            self._ledger.snapshots.taken(pending, self._clock.monotonic_s())

    def dead_lettered(self, stream: str, letter: DeadLetter) -> bool:
        """A record was refused; it goes to the dlq with the next commit.

        Args:
            stream: Stream id; "" for a record that belongs to no valid stream of this partition.
            letter: The record, and why.

        Returns:
            False if it is in the dlq already (a replay).
        """
        with self._lock:
            return self._ledger.dead_lettered(stream, letter, self._clock.monotonic_s())

    def camera_refused(self, letter: DeadLetter) -> bool:
        """A document of the topic of cameras was refused; only for the owner of partition 0.

        Returns:
            False if it is in the dlq already.
        """
        with self._lock:
            return self._ledger.camera_refused(letter)

    def ended(
        self, stream: str, position: FramePosition, admission: AdmissionState, fault: Fault | None = None
    ) -> None:
        """The stream ended; if a frame comes after all, it begins a new state.

        Args:
            stream: Stream id.
            position: Its last frame; of a record without frames, `FramePosition(offset)`.
            admission: What the admission had seen after that record.
            fault: If it left frames behind that no narration covers; which ones is added here.
        """
        with self._lock:
            self._ledger.ended(stream, position, admission, fault, self._clock.monotonic_s())

    def store(self) -> None:
        """Put the snapshots that were taken into the store; may be called by another thread than `commit`.

        A slow store then holds up no narration. If the store fails, that is no error: only a replay would get
        longer.
        """
        with self._store_lock:
            if self._is_alive:
                self._num_stored += self._storer.run()

    def commit(self, *, store: bool = True) -> CommitReport | None:
        """Make everything true that was buffered until now, in one burst; None if that is nothing.

        Args:
            store: Call `store` first, and delete old blobs behind it; False if another thread calls `store`.

        Raises:
            NotCommittedError, FencedError: Nothing of it is true. The session is dead.
            OutcomeUnknownError: All or nothing of it is true. The session is dead.
        """
        with self._commit_lock:
            if not self._is_alive:
                raise NotCommittedError(
                    f"The session of partition {self.identity.partition} in generation "
                    f"{self.identity.generation} is over.",
                    action="Take the partition over again with a new generation.",
                )
            try:
                if store:
                    self.store()
                num_stored, self._num_stored = self._num_stored, 0
                report = self._burst.run(num_stored)
                if store:
                    self._storer.delete()
            except BaseException:
                # Whatever it was: the ledger is ahead of the log now.
                self._end()
                raise
        if report is not None:
            self._on_position(report.position)
        return report

    def close(self) -> None:
        """Give the partition up; what is not committed is made again by the next owner."""
        with self._commit_lock:
            self._end()

    def _end(self) -> None:
        if self._is_alive:
            self._is_alive = False
            self._storer.close()
            self._writer.close()
