"""The committer: two threads per partition that make true what the engine's thread has buffered."""

import logging
import threading

from pipeline.narrator.owned_partition import OwnedPartition

_log = logging.getLogger(__name__)


class Committer:
    """Commits a partition again and again, until it is stopped or a commit fails.

    Snapshots are stored by a thread of its own, so that a slow store holds up no narration. A commit that
    failed says nothing about what the log holds now, so there is no second try: the partition is lost, and
    its next owner reads what is true.

    Args:
        owned: The partition.
        interval_s: Time between two commits.
    """

    def __init__(self, owned: OwnedPartition, interval_s: float) -> None:
        self._owned = owned
        self._interval_s = interval_s
        self._stop = threading.Event()
        name = f"-{owned.partition}"
        self._storing = threading.Thread(target=self._store, name=f"storer{name}", daemon=True)
        self._committing = threading.Thread(target=self._run, name=f"committer{name}", daemon=True)
        self._storing.start()
        self._committing.start()

    def stop(self, deadline_s: float) -> None:
        """Commit what is buffered and end; the session is closed. Waits at most `deadline_s`."""
        self._stop.set()
        self._committing.join(deadline_s)

    def _store(self) -> None:
        while not self._owned.lost_because and not self._stop.wait(self._interval_s):
            try:
                self._owned.session.store()
            except Exception as error:
                # Not the store, which may fail: a bug. A takeover is the way out of everything.
                _log.exception("%s: storing failed", self._owned.where)
                self._owned.lose(f"storing failed: {error!r}")

    def _run(self) -> None:
        while not self._owned.lost_because and not self._stop.wait(self._interval_s):
            self._commit()
        if not self._owned.lost_because:
            # The last one: what was just snapshotted goes into the store first.
            self._commit(store=True)
        self._owned.session.close()

    def _commit(self, *, store: bool = False) -> None:
        owned = self._owned
        try:
            report = owned.session.commit(store=store)
        except Exception as error:
            # Whatever failed: the session is dead, and only a takeover can tell what is true.
            owned.lose(f"commit failed: {error!r}")
            return
        if report is not None:
            owned.committed_position = report.position
            _log.debug(
                "%s offset %d: committed %d narrations, %d dead letters, %d blobs in %.0f ms",
                owned.where,
                report.position,
                report.num_narrations,
                report.num_dead_letters,
                report.num_blobs,
                report.duration_s * 1000,
            )
