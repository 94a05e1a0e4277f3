"""Frames that Kafka deleted although a stream needed them: what is told, and how it goes on behind them."""

from dataclasses import dataclass, replace

from operators.narrator.types import FramePosition
from pipeline.commit.checkpoint_record import MAX_INDEX, StreamCheckpoint
from pipeline.messages.events import Fault, FaultKind, Gap, GapKind, StreamEvent
from pipeline.reader.admission import AdmissionState


@dataclass(frozen=True, slots=True)
class DeletedFrames:
    """What a partition of frames lacks at a takeover.

    Attributes:
        logged_position: The partition's position in the log.
        beginning: First offset that is still there.
    """

    logged_position: int
    beginning: int

    def breaks(self, record: StreamCheckpoint) -> bool:
        """Whether narrations can't be repeated any more, so that the state at `base` leads nowhere.

        A segment whose end is gone would still be open in that state, and what it is about would be narrated
        twice; and without a snapshot the frame is needed that a stream opens with.
        """
        narrated = record.journal_after(record.base.position)
        if self._first_missing(record) is None or not narrated:
            return False
        return record.base.blob is None or narrated[0].end.offset < self.beginning

    def step_over(
        self, record: StreamCheckpoint, logged: StreamCheckpoint
    ) -> tuple[StreamCheckpoint, tuple[StreamEvent, ...]]:
        """The record of a stream that goes on behind deleted frames, and what is to be told of it.

        Nothing may be missing that `breaks`. The record says from now on that the state is complete up to the
        first frame that is still there. So what is missing is told once: the next takeover does not find it
        missing again.

        Args:
            record: The record to go on from.
            logged: The stream's record in the log, which may know of later frames.
        """
        first = self._first_missing(record)
        if first is None:
            return record, ()
        last = self.beginning - 1
        base = replace(
            record.base,
            position=FramePosition(last, MAX_INDEX),
            complete=True,
            admission=self._last_admission(record, logged),
        )
        is_behind = record.replay_from is not None and self.beginning < self.logged_position
        stepped = replace(record, base=base, replay_from=self.beginning if is_behind else None)
        epoch, time_ns = last_seen(record)
        events: list[StreamEvent] = []
        first_open = max(first, record.narrated_through.offset, _told_through(logged) + 1)
        if first_open <= last:
            events.append(Gap(GapKind.DELETED, epoch, time_ns, None, offsets=(first_open, last)))
        if record.base.blob is not None and record.base.position < record.narrated_through:
            message = f"The memory may lack frames that were narrated: offsets {first} to {last} are deleted."
            events.append(Fault(FaultKind.MEMORY_LOST, epoch, message, time_ns))
        return stepped, tuple(events)

    def _last_admission(self, record: StreamCheckpoint, logged: StreamCheckpoint) -> AdmissionState | None:
        """What is known to have been taken of the stream before the first frame that is still there."""
        known = (
            (record.base.position, record.base.admission),
            (logged.base.position, logged.base.admission),
            (logged.narrated_through, logged.admission),
        )
        taken = [(position, state) for position, state in known if state and position.offset < self.beginning]
        return max(taken, key=lambda found: found[0])[1] if taken else record.base.admission

    def _first_missing(self, record: StreamCheckpoint) -> int | None:
        """First deleted offset that may have been needed to go on from `base`; None if there is none."""
        needed_from = self.logged_position if record.replay_from is None else record.replay_from
        first = max(needed_from, record.base.next_offset)
        return None if record.ended or first >= self.beginning else first


def _told_through(logged: StreamCheckpoint) -> int:
    """Offset of the last deleted frame that was told before; -1 if there is none."""
    position = logged.base.position
    return position.offset if position.index == MAX_INDEX else -1


def last_seen(record: StreamCheckpoint) -> tuple[int, int]:
    """Epoch and capture time of the last frame that the record knows of; 0 for what it does not know."""
    known = [state for state in (record.base.admission, record.admission) if state is not None]
    epoch = max((state.epoch for state in known), default=0)
    return epoch, max((state.last_capture_ns or 0 for state in known if state.epoch == epoch), default=0)
