"""The events of a session's streams besides narrations: gaps, frames that were left out or refused."""

import threading
from collections.abc import Sequence

from operators.narrator.types import FramePosition
from pipeline.commit.ledger import PartitionLedger
from pipeline.commit.ports import Clock
from pipeline.messages.events import Fault, Gap, ShedReason


class SessionEvents:
    """Part of PartitionSession: what is reported is buffered, and the session's commit makes it true.

    Args:
        ledger: The bookkeeping.
        lock: The session's.
        clock: The clock.
    """

    def __init__(self, ledger: PartitionLedger, lock: threading.Lock, clock: Clock) -> None:
        self._ledger = ledger
        self._lock = lock
        self._clock = clock

    def record_began(
        self, stream: str, offset: int, gaps: Sequence[Gap], epoch: int, capture_ns: int
    ) -> None:
        """A record that was taken has its turn.

        Args:
            stream: Stream id.
            offset: Offset of the record.
            gaps: What lies between it and the record before it. That a silent stream is back is added here,
                and a silence that was told before it was over is not told again.
            epoch: Epoch of the record.
            capture_ns: Capture time of its first frame.
        """
        with self._lock:
            now_s = self._clock.monotonic_s()
            self._ledger.events.record_began(stream, offset, gaps, epoch, capture_ns, now_s)

    def fell_silent(self, stream: str, epoch: int, last_capture_ns: int) -> bool:
        """No record of the stream has come for a while, and everything that came was processed.

        Args:
            stream: Stream id.
            epoch: Epoch of its last record.
            last_capture_ns: Capture time of its last frame.

        Returns:
            False if that was told before, or the stream has ended.
        """
        with self._lock:
            now_s = self._clock.monotonic_s()
            return self._ledger.events.fell_silent(stream, epoch, last_capture_ns, now_s)

    def refused(self, stream: str, position: FramePosition, fault: Fault) -> None:
        """The model could not take a frame; a replay leaves it out without asking the model again."""
        with self._lock:
            self._ledger.events.refused(stream, position, fault, self._clock.monotonic_s())

    def memory_lost(self, stream: str, fault: Fault) -> FramePosition:
        """The recovered state can't be used: the stream goes on with an empty memory.

        Args:
            stream: Stream id.
            fault: What is told; which frames no narration will cover is added here.

        Returns:
            The last frame that is not shown to the model any more: what was narrated is not narrated again.
        """
        with self._lock:
            return self._ledger.memory_lost(stream, fault, self._clock.monotonic_s())

    def left_out(
        self, stream: str, position: FramePosition, reason: ShedReason, epoch: int, capture_ns: int
    ) -> None:
        """A frame was not shown to the model; that is told with the next narration, or some seconds later.

        Args:
            stream: Stream id.
            position: The frame.
            reason: Why; does not count for a frame that is committed as left out already.
            epoch: Epoch of its record.
            capture_ns: Its capture time.
        """
        with self._lock:
            now_s = self._clock.monotonic_s()
            self._ledger.events.left_out(stream, position, reason, epoch, capture_ns, now_s)
