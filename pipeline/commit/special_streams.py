"""The few streams that a plan must look at although nothing happened to them: leaving ones, late ones."""

import heapq
from collections.abc import Collection
from dataclasses import replace

from pipeline.commit.checkpoint_record import StreamCheckpoint
from pipeline.commit.positions import OpenPositions
from pipeline.commit.stream_ledger import StreamLedger

REMEMBER_ENDED_MS = 3_600_000
"""How long the end of a stream is remembered after the broker took it.

Until then a late record is refused, and the numbers of its events do not begin again in the same epoch.
"""


class SpecialStreams:
    """Keeps a plan from looking at all streams of a partition.

    Args:
        streams: All streams; `forget` removes some.
        positions: Which records are needed.
    """

    def __init__(self, streams: dict[str, StreamLedger], positions: OpenPositions) -> None:
        self._streams = streams
        self._positions = positions
        records = {stream: ledger.record for stream, ledger in streams.items()}
        self._leaving = dict.fromkeys(s for s, r in records.items() if r.ended or r.is_empty)
        self._behind = dict.fromkeys(s for s, r in records.items() if r.replay_from is not None)
        self._remembered: list[tuple[int, str]] = []

    def may_leave(self, stream: str) -> None:
        """The stream ended, or nothing but a dead letter may have come of it so far."""
        self._leaving[stream] = None

    def catch_up(self, position: int, changed: Collection[str]) -> list[str]:
        """Note in their records how far the streams that lost a blob are behind `position`.

        Args:
            position: The partition's position.
            changed: Streams whose record is written anyway.

        Returns:
            Streams that are not behind any more: their records must be written too.
        """
        caught_up = []
        for stream in list(self._behind):
            needed_from = self._positions.needed_from(stream)
            if needed_from >= position:
                del self._behind[stream]
                caught_up.append(stream)
            elif stream not in changed:
                continue
            ledger = self._streams[stream]
            replay_from = needed_from if needed_from < position else None
            ledger.record = replace(ledger.record, replay_from=replay_from)
        return caught_up

    def forget(self, position: int, time_ms: int) -> list[tuple[str, bool]]:
        """Forget streams that no recovery from `position` needs, and that ended some time ago.

        Args:
            position: The partition's position.
            time_ms: Now, Unix milliseconds.

        Returns:
            Each of them, and whether the log has a record of it, which needs a tombstone.
        """
        for stream in list(self._leaving):
            ledger = self._streams[stream]
            if not _is_over(ledger.record):
                del self._leaving[stream]
            elif self._can_go(stream, ledger, position):
                del self._leaving[stream]
                heapq.heappush(self._remembered, (_remembered_until_ms(ledger.record), stream))
        forgotten = []
        while self._remembered and self._remembered[0][0] <= time_ms:
            _, stream = heapq.heappop(self._remembered)
            found = self._streams.get(stream)
            # It may have come back since, and even have ended again.
            if found is None or not _is_over(found.record) or _remembered_until_ms(found.record) > time_ms:
                continue
            if self._can_go(stream, found, position):
                del self._streams[stream]
                forgotten.append((stream, found.is_stored))
            else:
                self._leaving[stream] = None
        return forgotten

    def _can_go(self, stream: str, ledger: StreamLedger, position: int) -> bool:
        record = ledger.record
        is_idle = ledger.pending is None and ledger.last_processed is None
        is_needed = self._positions.has_open(stream) or stream in self._behind
        is_passed = position > max(record.base.position.offset, record.dead_lettered_through)
        return is_idle and is_passed and not is_needed


def _is_over(record: StreamCheckpoint) -> bool:
    """Nothing is to be expected of the stream any more, or never was."""
    return record.ended or record.is_empty


def _remembered_until_ms(record: StreamCheckpoint) -> int:
    last_ms = record.admission.last_append_ms if record.admission else None
    return 0 if last_ms is None else last_ms + REMEMBER_ENDED_MS
