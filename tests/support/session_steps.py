"""What a narrator tells a session of its frames, and what readers then see of it."""

from __future__ import annotations

from operators.narrator.types import FramePosition, Narration
from pipeline.commit.session import PartitionSession
from pipeline.messages.events import Fault, FaultKind, FrameRange, Gap, GapKind, ShedReason, StreamEvent
from pipeline.reader.admission import AdmissionState
from pipeline.wire.narration_event import NarrationEvent
from pipeline.wire.stream_event import decode_stream_event
from tests.support.commit_model import TOPICS, World
from tests.support.narrations import narration

MISSING = Gap(GapKind.MISSING_SEQUENCE, 1, 10, 40, sequences=(2, 3))
BROKEN = Fault(FaultKind.FRAME_REFUSED, 1, "not finite", 0)


def show(session: PartitionSession, offset: int, *gaps: Gap) -> None:
    """A record with one frame that the model takes."""
    session.delivered("a", offset)
    session.events.record_began("a", offset, gaps, 1, offset * 10)
    session.processed("a", FramePosition(offset), last_of_record=True)


def leave_out(session: PartitionSession, offset: int, reason: ShedReason = ShedReason.OVERLOAD) -> None:
    """A record with one frame that is left out."""
    session.delivered("a", offset)
    session.events.record_began("a", offset, (), 1, offset * 10)
    session.events.left_out("a", FramePosition(offset), reason, 1, offset * 10)
    session.processed("a", FramePosition(offset), last_of_record=True)


def narrate(session: PartitionSession, start: int, end: int) -> int | None:
    """The narration of frames that were shown; None if it was committed before."""
    return session.narrated("a", narration(start, end), AdmissionState(1, end), prompt_version="p")


def show_and_narrate(
    session: PartitionSession, start: int, end: int, *, snapshot: bool = False
) -> int | None:
    """Frames of which the last one is narrated, and perhaps snapshotted; as `narrate`."""
    for offset in range(start, end + 1):
        session.delivered("a", offset)
        session.processed("a", FramePosition(offset), last_of_record=True)
    number = narrate(session, start, end)
    if snapshot:
        session.snapshotted("a", b"state %d" % end, FramePosition(end), AdmissionState(1, end))
    return number


def told(world: World) -> list[tuple[int, Narration | StreamEvent]]:
    """Numbers and contents of all committed events."""
    events = [decode_stream_event(r.value, r.headers) for r in world.broker.logs[TOPICS.narrations]]
    return [(e.number, e.narration if isinstance(e, NarrationEvent) else e.content) for e in events]


def notices(world: World) -> list[StreamEvent]:
    """What was committed besides narrations."""
    return [content for _, content in told(world) if not isinstance(content, Narration)]


def single(*offsets: int) -> tuple[FrameRange, ...]:
    """One range for the one frame of each record."""
    return tuple(FrameRange(FramePosition(o), FramePosition(o), 1) for o in offsets)
