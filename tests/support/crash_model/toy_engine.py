"""The toy narrator's engine: what becomes of each frame, and the calls of the session that report it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from math import nan

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.session import PartitionSession
from pipeline.messages.events import Fault, FaultKind, ShedReason
from tests.support.commit_narrator import digest, letter
from tests.support.crash_model.cameras import capture_ns
from tests.support.crash_model.toy_stream import Delivery, Memory, ToyStream, is_unusable


class ToyEngine:
    """Decisions and words differ from process to process, as those of a real model may in the last bits.

    Args:
        number: Number of the process.
        session: Its session.
        reports: Where calls of the session go, in the order in which they are to be made.
        settings: Tells the settings of the cameras as of now.
    """

    def __init__(
        self,
        number: int,
        session: PartitionSession,
        reports: deque[Callable[[], object]],
        settings: Callable[[], str],
    ) -> None:
        self._number = number
        self._session = session
        self._reports = reports
        self._settings = settings

    def go_on(self, name: str, stream: ToyStream) -> None:
        """One frame, dead letter or end of a stream: makes the reports of it."""
        delivery = stream.waiting[0]
        session, offset = self._session, delivery.record.offset
        if delivery.code is not None:
            self._reports.append(partial(session.dead_lettered, name, letter(delivery.record, delivery.code)))
            self._finish(stream)
            return
        assert delivery.admission is not None
        if not stream.has_begun:
            stream.has_begun = True
            self._reports.append(
                partial(
                    session.events.record_began,
                    name,
                    offset,
                    delivery.gaps,
                    delivery.admission.epoch,
                    capture_ns(FramePosition(offset)),
                )
            )
        if stream.next_frame < delivery.sent.num_frames:
            self._frame(name, stream, delivery, FramePosition(offset, stream.next_frame))
        elif delivery.sent.ends:
            self._end(name, stream, delivery)

    def _frame(self, name: str, stream: ToyStream, delivery: Delivery, position: FramePosition) -> None:
        session, epoch = self._session, delivery.admission.epoch if delivery.admission else 0
        stream.next_frame += 1
        is_last = stream.next_frame == delivery.sent.num_frames and not delivery.sent.ends
        processed = partial(session.processed, name, position, is_last)
        if position.index not in delivery.left_out:
            self._open(name, stream)
        if session.recovery.is_done(name, position) or position <= stream.forgotten_through:
            self._reports.append(processed)
        else:
            stream.seen, stream.admission = position, delivery.admission
            if position.index in delivery.left_out:
                self._reports.append(
                    partial(
                        session.events.left_out,
                        name,
                        position,
                        ShedReason.OVERLOAD,
                        epoch,
                        capture_ns(position),
                    )
                )
                self._reports.append(processed)
            elif self._is_unfit(name, position):
                fault = Fault(FaultKind.FRAME_REFUSED, epoch, "unfit", 0)
                self._reports.append(partial(session.events.refused, name, position, fault))
                self._reports.append(processed)
            else:
                self._show(name, stream, delivery, position, processed)
        if is_last:
            self._finish(stream)

    def _open(self, name: str, stream: ToyStream) -> None:
        """Go on from the stream's snapshot, if that is possible."""
        if not stream.is_open and stream.memory.state and is_unusable(self._number, name):
            while self._reports:
                self._reports.popleft()()
            epoch = stream.admission.epoch if stream.admission else 0
            fault = Fault(FaultKind.MEMORY_LOST, epoch, "empty memory: the snapshot is unusable", 0)
            stream.forgotten_through = self._session.events.memory_lost(name, fault)
            stream.memory, stream.settings = Memory(), None
        stream.is_open = True

    def _show(
        self,
        name: str,
        stream: ToyStream,
        delivery: Delivery,
        position: FramePosition,
        processed: Callable[[], object],
    ) -> None:
        memory = stream.memory
        is_first = not memory.state
        if is_first:
            settings = stream.settings or self._settings()
            stream.settings = None
            memory.open(settings)
            self._reports.append(partial(self._session.opened, name, settings))
        memory.show(position)
        self._reports.append(processed)
        recovered = self._session.recovery.streams.get(name)
        journal = {s.end: s for s in recovered.journal} if recovered is not None else {}
        if journal and position <= max(journal):
            if (segment := journal.get(position)) is not None:
                memory.say(segment.token_ids, segment.settings)
        elif is_first or digest("speak", self._number, position.offset, position.index) % 5 < 2:
            self._narrate(name, stream, delivery, forced=False)

    def _narrate(self, name: str, stream: ToyStream, delivery: Delivery, *, forced: bool) -> None:
        memory, admission = stream.memory, delivery.admission
        assert memory.start is not None
        assert memory.last is not None
        assert admission is not None
        settings = self._settings()
        tokens = (memory.state, self._number, int(settings))
        narration = Narration(
            segment=memory.segment,
            start=memory.start,
            end=memory.last,
            start_time_ns=capture_ns(memory.start),
            end_time_ns=capture_ns(memory.last),
            text=str(self._number),
            token_ids=tokens,
            p_skip=nan,
            threshold=nan,
            forced=forced,
            num_frames=memory.num_open,
        )
        changed = settings if settings != memory.settings else None
        report = partial(
            self._session.narrated,
            name,
            narration,
            admission,
            prompt_version=memory.settings,
            settings=changed,
        )
        memory.say(tokens, changed)
        self._reports.append(report)

    def _end(self, name: str, stream: ToyStream, delivery: Delivery) -> None:
        admission = delivery.admission
        assert admission is not None
        self._open(name, stream)
        memory = stream.memory
        end, fault = delivery.sent.last_position(delivery.record.offset), None
        if memory.start is not None and memory.last is not None:
            if digest("fold", self._number, delivery.record.offset) % 3 == 0:
                fault = Fault(FaultKind.UNNARRATED, admission.epoch, "folded", 0)
            else:
                self._narrate(name, stream, delivery, forced=True)
        self._reports.append(partial(self._session.ended, name, end, admission, fault))
        stream.memory, stream.seen, stream.admission = Memory(), None, admission
        self._finish(stream)

    def _finish(self, stream: ToyStream) -> None:
        stream.waiting.popleft()
        stream.next_frame, stream.has_begun = 0, False

    def _is_unfit(self, name: str, position: FramePosition) -> bool:
        return digest("unfit", name, position.offset, position.index) % 19 == 0
