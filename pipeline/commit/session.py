"""One ownership of one partition: the engine's thread reports, the committer's thread commits."""

import threading
from collections.abc import Callable, Mapping

from pipeline.commit.burst import CommitBurst, CommitReport
from pipeline.commit.identity import SessionIdentity
from pipeline.commit.ports import BlobStore, Clock
from pipeline.commit.recovered import RecoveredPartition
from pipeline.commit.recovery import Takeover
from pipeline.commit.session_reports import SessionReports
from pipeline.commit.storer import SnapshotStorer
from pipeline.errors import NotCommittedError


class PartitionSession(SessionReports):
    """What a narrator does with a partition that it owns.

    Every record is `delivered` first (or `passed`, if it was dealt with before the takeover). Then, for each
    stream in the order of its records: it `events.record_began`; its frames are taken, `events.refused` or
    `events.left_out`, in any case `processed`, and now and then the stream is `narrated` and `snapshotted`;
    or the record is `dead_lettered`, or the stream `ended`. All that is buffered; `commit` makes it true.
    Methods are thread-safe, and a frame's calls may lie on both sides of a commit. After `commit` raised, the
    session is dead: nothing that was buffered will become true through it, and the partition must be taken
    over again with a new generation.

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
        super().__init__(takeover.ledger, threading.Lock(), clock)
        self.identity = identity
        self._recovery = takeover.recovery
        self._writer = takeover.writer
        self._on_position = on_position
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
