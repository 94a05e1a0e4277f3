"""From the engine to the session: what each record led to, in the order in which it happened."""

import logging

from operators.narrator.types import FrameOutcome, FramePosition, Narration
from pipeline.messages.records import DeadLetterEntry, FramesEntry
from pipeline.narrator.owned_partition import OwnedPartition
from pipeline.narrator.stream import NarratedStream, Work

_log = logging.getLogger(__name__)


class SessionReporter:
    """Reports to sessions, and keeps the counters of the streams. Only for the engine's thread.

    Args:
        prompt_version: Which prompt is in force.
    """

    def __init__(self, prompt_version: str) -> None:
        self._prompt_version = prompt_version

    def refused(self, stream: NarratedStream, entry: DeadLetterEntry, owned: OwnedPartition) -> None:
        """A dead letter has its turn."""
        if owned.session.dead_lettered(entry.stream, entry.letter):
            stream.num_dead_letters += 1
        _finish(stream)

    def passed_over(self, stream: NarratedStream, work: Work, owned: OwnedPartition) -> None:
        """The next frame of a record was dealt with before the takeover."""
        _frame_done(stream, work, owned)

    def stepped(
        self, stream: NarratedStream, work: Work, owned: OwnedPartition, outcome: FrameOutcome
    ) -> None:
        """The engine has taken the next frame of a record."""
        entry = work.entry
        assert isinstance(entry, FramesEntry)
        stream.position, stream.admission = outcome.position, entry.admission
        stream.last_capture_ns = entry.headers.capture_times_ns[work.next_frame]
        stream.ended = False
        if outcome.error is not None:
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
            self._narrated(stream, entry, owned, outcome.narration)

    def ended(
        self, stream: NarratedStream, work: Work, owned: OwnedPartition, outcome: FrameOutcome | None
    ) -> None:
        """A stream has ended behind the frames of a record; `outcome` holds what its end made it say."""
        entry = work.entry
        assert isinstance(entry, FramesEntry)
        if outcome is not None and outcome.narration is not None:
            self._narrated(stream, entry, owned, outcome.narration)
        end = FramePosition(entry.link.offset, max(work.num_frames - 1, 0))
        owned.session.ended(stream.name, end, entry.admission)
        stream.begin_anew()
        stream.ended = True
        _finish(stream)

    def _narrated(
        self, stream: NarratedStream, entry: FramesEntry, owned: OwnedPartition, narration: Narration
    ) -> None:
        number = owned.session.narrated(
            stream.name,
            narration,
            entry.admission,
            prompt_version=self._prompt_version,
            origin_traceparent=entry.headers.traceparent,
        )
        if number is not None:
            stream.num_narrations += 1
            stream.last_text = narration.text


def _frame_done(stream: NarratedStream, work: Work, owned: OwnedPartition) -> None:
    position = work.position
    work.next_frame += 1
    stream.num_frames += 1
    is_done = not work.has_frames_left and not work.ends_stream
    owned.session.processed(stream.name, position, last_of_record=is_done)
    if is_done:
        _finish(stream)


def _finish(stream: NarratedStream) -> None:
    stream.waiting.popleft().ticket.record_done()
