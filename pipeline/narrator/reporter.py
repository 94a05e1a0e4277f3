"""From the engine to the session: what each record led to, in the order in which it happened."""

import logging

from operators.narrator.types import FrameOutcome, FramePosition, Narration
from pipeline.messages.events import Fault, FaultKind, ShedReason
from pipeline.messages.records import DeadLetterEntry, FramesEntry
from pipeline.narrator.owned_partition import OwnedPartition
from pipeline.narrator.stream import NarratedStream
from pipeline.narrator.work import Work

_log = logging.getLogger(__name__)


class SessionReporter:
    """Reports to sessions, and keeps the counters of the streams. Only for the engine's thread."""

    def began(self, stream: NarratedStream, work: Work, owned: OwnedPartition) -> None:
        """A record has its turn, before its first frame."""
        entry = work.entry
        assert isinstance(entry, FramesEntry)
        headers = entry.headers
        owned.session.events.record_began(
            stream.name, entry.link.offset, entry.gaps, headers.epoch, headers.capture_times_ns[0]
        )
        work.has_begun, stream.is_silent = True, False

    def refused(self, stream: NarratedStream, entry: DeadLetterEntry, owned: OwnedPartition) -> None:
        """A dead letter has its turn."""
        if owned.session.dead_lettered(entry.stream, entry.letter):
            stream.num_dead_letters += 1
        _finish(stream)

    def passed_over(self, stream: NarratedStream, work: Work, owned: OwnedPartition) -> None:
        """The next frame of a record was dealt with before the takeover."""
        _frame_done(stream, work, owned)

    def left_out(self, stream: NarratedStream, work: Work, owned: OwnedPartition) -> None:
        """The next frame of a record is not shown to the model."""
        entry = work.entry
        assert isinstance(entry, FramesEntry)
        reason = entry.left_out_because or ShedReason.OVERLOAD
        capture_ns = self._dealt_with(stream, work, entry)
        owned.session.events.left_out(stream.name, work.position, reason, entry.headers.epoch, capture_ns)
        stream.num_left_out += 1
        _frame_done(stream, work, owned)

    def stepped(
        self,
        stream: NarratedStream,
        work: Work,
        owned: OwnedPartition,
        outcome: FrameOutcome,
        prompt_version: str,
        new_settings: str | None,
    ) -> None:
        """The engine has taken the next frame of a record.

        Args:
            stream: The stream.
            work: The record.
            owned: Its partition.
            outcome: What the frame led to.
            prompt_version: Which prompt was in force.
            new_settings: The stream's settings from here on (JSON), if they change here.
        """
        entry = work.entry
        assert isinstance(entry, FramesEntry)
        capture_ns = self._dealt_with(stream, work, entry)
        if outcome.error is not None:
            fault = Fault(FaultKind.FRAME_REFUSED, entry.headers.epoch, outcome.error, capture_ns)
            owned.session.events.refused(stream.name, outcome.position, fault)
            _log.error(
                "%s offset %d, stream %s: frame %d refused by the engine: %s",
                owned.where,
                outcome.position.offset,
                stream.name,
                outcome.position.index,
                outcome.error,
            )
        _frame_done(stream, work, owned)
        if outcome.narration is not None and not outcome.replayed:
            self._narrated(stream, entry, owned, outcome.narration, prompt_version, new_settings)

    def ended(
        self,
        stream: NarratedStream,
        work: Work,
        owned: OwnedPartition,
        last_words: Narration | None,
        prompt_version: str,
        *,
        leaves_frames: bool,
    ) -> None:
        """A stream has ended behind the frames of a record.

        Args:
            stream: The stream.
            work: The record.
            owned: Its partition.
            last_words: What its end made it say.
            prompt_version: Which prompt was in force.
            leaves_frames: There are frames behind the last narration that none covers now.
        """
        entry = work.entry
        assert isinstance(entry, FramesEntry)
        if last_words is not None:
            self._narrated(stream, entry, owned, last_words, prompt_version, None)
        end = FramePosition(entry.link.offset, max(work.num_frames - 1, 0))
        fault = None
        if leaves_frames:
            message = "The stream ended behind a segment that was folded for its length."
            fault = Fault(FaultKind.UNNARRATED, entry.headers.epoch, message, stream.last_capture_ns)
        owned.session.ended(stream.name, end, entry.admission, fault)
        stream.begin_anew()
        stream.ended = True
        _finish(stream)

    def _dealt_with(self, stream: NarratedStream, work: Work, entry: FramesEntry) -> int:
        """Note how far the stream is now; returns the capture time of the record's next frame."""
        stream.position, stream.admission = work.position, entry.admission
        stream.last_capture_ns = entry.headers.capture_times_ns[work.next_frame]
        stream.ended = False
        return stream.last_capture_ns

    def _narrated(
        self,
        stream: NarratedStream,
        entry: FramesEntry,
        owned: OwnedPartition,
        narration: Narration,
        prompt_version: str,
        new_settings: str | None,
    ) -> None:
        number = owned.session.narrated(
            stream.name,
            narration,
            entry.admission,
            prompt_version=prompt_version,
            origin_traceparent=entry.headers.traceparent,
            settings=new_settings,
        )
        if number is not None:
            stream.num_narrations += 1
            stream.last_text = narration.text


def _frame_done(stream: NarratedStream, work: Work, owned: OwnedPartition) -> None:
    position = work.position
    work.frame_done()
    stream.num_frames += 1
    is_done = not work.has_frames_left and not work.ends_stream
    owned.session.processed(stream.name, position, last_of_record=is_done)
    if is_done:
        _finish(stream)


def _finish(stream: NarratedStream) -> None:
    stream.waiting.popleft().ticket.record_done()
