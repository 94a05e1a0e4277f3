"""What there is to tell of a partition's streams, until the next plan: numbered, in order, each once."""

from collections.abc import Sequence
from dataclasses import replace

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.checkpoint_record import MAX_INDEX
from pipeline.commit.plan import NumberedEvent
from pipeline.commit.stream_books import StreamBooks
from pipeline.commit.stream_ledger import StreamLedger
from pipeline.messages.events import Fault, FrameRange, Gap, GapKind, ShedReason, StreamEvent
from pipeline.reader.admission import AdmissionState

TELL_AFTER_S = 10.0
"""Left-out frames are told with the next narration, or after this time."""


class EventLedger:
    """Mutable; touches nothing but itself and the streams' ledgers.

    An event is told once, however often the frame that it is about is processed: its stream's record says how
    far the stream's events are committed, and commits with them.

    Args:
        books: The streams.
    """

    def __init__(self, books: StreamBooks) -> None:
        self._books = books
        self._events: list[NumberedEvent] = []
        self._leaving_out: dict[str, StreamLedger] = {}

    def narrated(
        self,
        stream: str,
        narration: Narration,
        admission: AdmissionState,
        *,
        prompt_version: str,
        origin_traceparent: str | None,
        settings: str | None,
        now_s: float,
    ) -> int | None:
        """See PartitionSession.narrated. Frames that the segment left out are told before it."""
        ledger = self._books.of(stream, now_s)
        if narration.end <= ledger.record.narrated_through:
            return None
        self.tell_left_out(stream, ledger)
        number = ledger.narrated(narration, admission, settings)
        self._events.append(
            NumberedEvent(stream, admission.epoch, number, narration, prompt_version, origin_traceparent)
        )
        self._books.note(stream)
        return number

    def record_began(
        self, stream: str, offset: int, gaps: Sequence[Gap], epoch: int, capture_ns: int, now_s: float
    ) -> None:
        """See PartitionSession.record_began."""
        ledger = self._books.of(stream, now_s)
        record, position = ledger.record, FramePosition(offset, -1)
        if position <= record.told_through:
            return
        events = list(gaps)
        if record.silent_since_ns is not None:
            # That it was silent is told already, whatever the record's times say of it.
            others = [gap for gap in gaps if gap.kind not in (GapKind.SILENT, GapKind.BACK)]
            events = [Gap(GapKind.BACK, epoch, record.silent_since_ns, capture_ns), *others]
        if events:
            ledger.record = replace(record, told_through=position, silent_since_ns=None)
            self.tell(stream, ledger, events)

    def fell_silent(self, stream: str, epoch: int, last_capture_ns: int, now_s: float) -> bool:
        """See PartitionSession.fell_silent."""
        ledger = self._books.of(stream, now_s)
        record = ledger.record
        if record.ended or record.silent_since_ns is not None:
            return False
        last = max(record.base.position, ledger.last_processed or record.base.position)
        through = max(record.told_through, FramePosition(last.offset, MAX_INDEX))
        ledger.record = replace(record, told_through=through, silent_since_ns=last_capture_ns)
        self.tell(stream, ledger, [Gap(GapKind.SILENT, epoch, last_capture_ns, None)])
        return True

    def refused(self, stream: str, position: FramePosition, fault: Fault, now_s: float) -> None:
        """See PartitionSession.refused."""
        ledger = self._books.of(stream, now_s)
        if position > ledger.record.decided_through:
            self.tell_left_out(stream, ledger)
            ledger.leave_out([FrameRange(position, position, 1)])
            self.tell(stream, ledger, [replace(fault, after=_before(position, ledger), through=position)])

    def left_out(
        self,
        stream: str,
        position: FramePosition,
        reason: ShedReason,
        epoch: int,
        capture_ns: int,
        now_s: float,
    ) -> None:
        """See PartitionSession.left_out."""
        ledger = self._books.of(stream, now_s)
        if position <= ledger.record.decided_through:
            return
        ledger.left_out.add(position, reason, epoch, capture_ns, now_s)
        self._leaving_out[stream] = ledger
        if ledger.left_out.is_full:
            self.tell_left_out(stream, ledger)

    def tell_left_out(self, stream: str, ledger: StreamLedger) -> None:
        """Tell the frames that a stream has left out so far."""
        self._leaving_out.pop(stream, None)
        events = ledger.left_out.take()
        if events:
            ledger.leave_out([frames for shed in events for frames in shed.ranges])
            self.tell(stream, ledger, events)

    def tell_waiting(self, now_s: float) -> None:
        """Tell the left-out frames that have waited for too long."""
        for stream, ledger in list(self._leaving_out.items()):
            if ledger.left_out.wait_s(now_s) >= TELL_AFTER_S:
                self.tell_left_out(stream, ledger)

    def tell(self, stream: str, ledger: StreamLedger, events: Sequence[StreamEvent]) -> None:
        """Tell events that nobody has told."""
        self._books.note(stream)
        self._events += [NumberedEvent(stream, event.epoch, ledger.take_number(), event) for event in events]

    def take(self) -> tuple[NumberedEvent, ...]:
        """All events since the last call."""
        events, self._events = tuple(self._events), []
        return events


def _before(position: FramePosition, ledger: StreamLedger) -> FramePosition | None:
    """The place behind which `position` is the stream's next frame; None if it is the first one of all."""
    if position.index > 0:
        return FramePosition(position.offset, position.index - 1)
    last = max(ledger.record.base.position, ledger.last_processed or ledger.record.base.position)
    return last if last.offset >= 0 else None
