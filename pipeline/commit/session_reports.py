"""What the engine's thread reports of a partition; nothing of it is true before a commit."""

import threading

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.ledger import PartitionLedger
from pipeline.commit.ports import Clock
from pipeline.commit.session_events import SessionEvents
from pipeline.commit.stream_ledger import PendingSnapshot
from pipeline.messages.dead_letter import DeadLetter
from pipeline.messages.events import Fault
from pipeline.reader.admission import AdmissionState


class SessionReports:
    """Part of PartitionSession. Thread-safe.

    Attributes:
        events: Where gaps, left-out frames and refused ones are reported.

    Args:
        ledger: The bookkeeping.
        lock: Held whenever the ledger is touched.
        clock: The clock.
    """

    def __init__(self, ledger: PartitionLedger, lock: threading.Lock, clock: Clock) -> None:
        self.events = SessionEvents(ledger, lock, clock)
        self._ledger = ledger
        self._lock = lock
        self._clock = clock

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

    def passed(self, offset: int, previous: int) -> None:
        """Records were read that were dealt with before the takeover: nothing is needed of them.

        Args:
            offset: Offset of the last of them.
            previous: Offset of the record that was read just before the first of them, as in `delivered`.
        """
        with self._lock:
            self._ledger.passed(offset, previous)

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
