"""A reader of the narrations as any service would be one: what it may never see."""

from __future__ import annotations

from dataclasses import dataclass, field

from operators.narrator.types import FramePosition
from pipeline.kafka_io.records import Record
from pipeline.messages.events import Fault, FaultKind, Gap, GapKind, Shed
from pipeline.wire.narration_event import NarrationEvent
from pipeline.wire.notice_event import NoticeEvent
from pipeline.wire.stream_event import decode_stream_event
from tests.support.crash_model.cameras import MAX_CAPTURE_INDEX, MAX_INDEX, STREAMS, Cameras
from tests.support.crash_model.promises import require

NOWHERE = FramePosition(-1)
EMPTY_MEMORY = (FaultKind.MEMORY_LOST, FaultKind.MODEL_CHANGED)


@dataclass
class StreamLog:
    """What was told of one stream.

    Attributes:
        epoch: The greatest one.
        num_events: Number of the next event.
        said: Narrations by the position of their last frame.
        left_out: Frames that are told as not shown, or as refused by the model.
        unnarrated: Ends of streams before which frames are told as covered by no narration.
        lost_through: Frames up to here may not be remembered, and that is told.
        deleted: Offsets from and to which frames are told as deleted.
        gaps: Offsets of the records before which gaps are told, and their kinds.
        silent_since: Offset of the last record before the silence, or None.
        has_empty_memory: An empty memory was told after the last narration.
        is_partly_deleted: Retention was faster than the narrators: what came may have been judged otherwise.
    """

    epoch: int = -1
    num_events: int = 0
    said: dict[FramePosition, NarrationEvent] = field(default_factory=dict)
    left_out: set[FramePosition] = field(default_factory=set)
    unnarrated: set[FramePosition] = field(default_factory=set)
    lost_through: FramePosition = NOWHERE
    deleted: list[tuple[int, int]] = field(default_factory=list)
    gaps: list[tuple[int, GapKind]] = field(default_factory=list)
    silent_since: int | None = None
    has_empty_memory: bool = False
    is_partly_deleted: bool = False

    @property
    def last_end(self) -> FramePosition:
        """Last frame of the last narration."""
        return next(reversed(self.said), NOWHERE)


class NarrationReader:
    """Takes the events in, in the order of the topic.

    Attributes:
        streams: What was told of each stream.

    Args:
        cameras: What was published.
    """

    def __init__(self, cameras: Cameras) -> None:
        self.streams = {stream: StreamLog() for stream in STREAMS}
        self._cameras = cameras

    def take(self, record: Record) -> NarrationEvent | None:
        """One more event; returns it if it is a narration."""
        event = decode_stream_event(record.value, record.headers)
        log = self.streams[event.stream]
        self._check_id(event, log)
        if isinstance(event, NarrationEvent):
            self._narration(event, log)
            return event
        self._notice(event, log)
        return None

    def check_gaps(self, stream: str, through: int) -> None:
        """Everything that is missing up to an offset is told."""
        log = self.streams[stream]
        every = (
            (o, g.kind) for (name, o), gaps in self._cameras.gaps.items() if name == stream for g in gaps
        )
        wanted = [gap for gap in every if gap[0] <= through]
        if not log.is_partly_deleted:
            require(
                [g for g in log.gaps if g[0] <= through] == wanted,
                "every gap is told once, in order",
                stream,
                wanted,
                log.gaps,
            )

    def _check_id(self, event: NarrationEvent | NoticeEvent, log: StreamLog) -> None:
        # A stream that ended and was forgotten counts anew, in an epoch that is greater than all before.
        is_new = event.number == 0 and event.epoch > log.epoch
        is_next = event.number == log.num_events
        require(is_next or is_new, "events are numbered without a hole", log.num_events, event)
        log.epoch, log.num_events = max(log.epoch, event.epoch), event.number + 1

    def _narration(self, event: NarrationEvent, log: StreamLog) -> None:
        narration = event.narration
        require(narration.end > log.last_end, "narrations of a stream are in order, each there once", event)
        require(narration.start > log.last_end, "segments do not overlap", event)
        if log.silent_since is not None:
            require(narration.end.offset <= log.silent_since, "a stream is back before it speaks", event)
        log.said[narration.end] = event
        self.check_gaps(event.stream, narration.end.offset)

    def _notice(self, event: NoticeEvent, log: StreamLog) -> None:
        content = event.content
        if isinstance(content, Gap):
            self._gap(event.stream, content, log)
        elif isinstance(content, Shed):
            for frames in content.ranges:
                self._leave_out(event.stream, frames.first, frames.last, frames.num_frames)
        elif content.kind is FaultKind.FRAME_REFUSED:
            assert content.through is not None
            after, through = content.after or NOWHERE, content.through
            first = FramePosition(after.offset, after.index + 1)
            self._leave_out(event.stream, first, through, 1)
        else:
            self._fault(content, log)

    def _gap(self, stream: str, gap: Gap, log: StreamLog) -> None:
        if gap.kind is GapKind.SILENT:
            require(log.silent_since is None, "silence is told once", stream, gap)
            assert gap.before_ns is not None
            log.silent_since = gap.before_ns // MAX_CAPTURE_INDEX
        elif gap.kind is GapKind.BACK:
            assert gap.after_ns is not None
            since = log.silent_since
            require(
                since is not None and gap.after_ns // MAX_CAPTURE_INDEX > since, "only the silent are back"
            )
            log.silent_since = None
        elif gap.kind is GapKind.DELETED:
            assert gap.offsets is not None
            require(
                gap.offsets[1] < self._cameras.broker.beginning,
                "what is told as deleted is deleted",
                stream,
                gap,
            )
            require(
                all(gap.offsets[0] > last for _, last in log.deleted),
                "what is deleted is told once",
                stream,
                gap,
                log.deleted,
            )
            log.deleted.append(gap.offsets)
        else:
            assert gap.after_ns is not None
            offset = gap.after_ns // MAX_CAPTURE_INDEX
            wanted = self._cameras.gaps.get((stream, offset), ())
            # What was deleted before it was read again is missing, too.
            missing = (*wanted, *self._cameras.gaps_without(stream, offset, log.deleted))
            is_true = any((g.kind, g.sequences) == (gap.kind, gap.sequences) for g in missing)
            require(is_true or log.is_partly_deleted, "only what is missing is told", stream, gap, wanted)
            if any(g.kind is gap.kind for g in wanted):
                log.gaps.append((offset, gap.kind))

    def _fault(self, fault: Fault, log: StreamLog) -> None:
        if fault.kind is FaultKind.UNNARRATED:
            assert fault.through is not None
            log.unnarrated.add(fault.through)
        elif fault.kind in EMPTY_MEMORY:
            is_empty = "empty memory" in fault.message
            is_news = fault.kind is FaultKind.MODEL_CHANGED or not log.has_empty_memory
            require(is_news or not is_empty, "a memory that was lost is told once", fault)
            log.has_empty_memory |= is_empty
            deleted = FramePosition(self._cameras.broker.beginning - 1, MAX_INDEX)
            through = max(log.last_end, fault.through or NOWHERE) if is_empty else deleted
            log.lost_through = max(log.lost_through, through)

    def _leave_out(self, stream: str, first: FramePosition, last: FramePosition, num_frames: int) -> None:
        log = self.streams[stream]
        frames = self._cameras.frames_of(stream, first, last, refused=log.is_partly_deleted)
        is_whole = len(frames) == num_frames or log.is_partly_deleted
        require(is_whole, "a range of left-out frames holds only those", stream, first, last, num_frames)
        require(not log.left_out & set(frames), "a frame is told once as left out", stream, first, last)
        is_open = not frames or frames[0] > log.last_end
        require(is_open, "a frame that was narrated is not left out", stream, first)
        log.left_out |= set(frames)
        require(
            not frames or frames[-1] == last or log.is_partly_deleted, "a range ends with a frame", frames
        )
