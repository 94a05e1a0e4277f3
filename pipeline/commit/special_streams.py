"""The few streams that a plan must look at although nothing happened to them: leaving ones, late ones."""

from collections.abc import Collection
from dataclasses import replace

from pipeline.commit.positions import OpenPositions
from pipeline.commit.stream_ledger import StreamLedger


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

    def forget(self, position: int) -> list[tuple[str, bool]]:
        """Forget streams that no recovery from `position` needs.

        Returns:
            Each of them, and whether the log has a record of it, which needs a tombstone.
        """
        forgotten = []
        for stream in list(self._leaving):
            ledger = self._streams[stream]
            if not (ledger.record.ended or ledger.record.is_empty):
                del self._leaving[stream]
            elif self._can_go(stream, ledger, position):
                del self._leaving[stream], self._streams[stream]
                forgotten.append((stream, ledger.is_stored))
        return forgotten

    def _can_go(self, stream: str, ledger: StreamLedger, position: int) -> bool:
        record = ledger.record
        is_idle = ledger.pending is None and ledger.last_processed is None
        is_needed = self._positions.has_open(stream) or stream in self._behind
        is_passed = position > max(record.base.position.offset, record.dead_lettered_through)
        return is_idle and is_passed and not is_needed
