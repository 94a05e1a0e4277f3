"""Events of streams for tests: one of each kind, and strategies for any."""

from math import inf

from hypothesis import strategies as st

from operators.narrator.types import FramePosition
from pipeline.messages.events import Fault, FaultKind, FrameRange, Gap, GapKind, Shed, ShedReason
from pipeline.wire.notice_event import NoticeEvent
from pipeline.wire.times import MAX_TIME_NS

EPOCH = 1_767_323_045_000_000_000
"""2026-01-02T03:04:05Z."""

NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True)
TIMES = st.integers(0, MAX_TIME_NS)
POSITIONS = st.builds(FramePosition, st.integers(0, 2**50), st.integers(0, 999))
PROBABILITIES = st.floats(0, 1)
MARGINS = st.floats(0, 100) | st.just(inf)

_EPOCHS = st.integers(0, 2**62)
_BOUNDS = st.none() | st.tuples(st.integers(0, 2**50), st.integers(0, 2**50))
_RANGES = st.builds(FrameRange, POSITIONS, POSITIONS, st.integers(1, 10**6))

GAPS = st.builds(
    Gap,
    kind=st.sampled_from(GapKind),
    epoch=_EPOCHS,
    before_ns=st.none() | TIMES,
    after_ns=st.none() | TIMES,
    sequences=_BOUNDS,
    offsets=_BOUNDS,
)
SHEDS = st.builds(
    Shed,
    reason=st.sampled_from(ShedReason),
    epoch=_EPOCHS,
    start_ns=TIMES,
    end_ns=TIMES,
    ranges=st.lists(_RANGES, min_size=1, max_size=5).map(tuple),
)
FAULTS = st.builds(
    Fault,
    kind=st.sampled_from(FaultKind),
    epoch=_EPOCHS,
    message=st.text(max_size=80),
    time_ns=TIMES,
    after=st.none() | POSITIONS,
    through=st.none() | POSITIONS,
)
TRACES = st.none() | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", fullmatch=True)

NOTICES = st.builds(
    NoticeEvent,
    application=NAMES,
    stream=NAMES,
    number=st.integers(0, 2**40),
    content=GAPS | SHEDS | FAULTS,
    source_topic=NAMES,
    source_partition=st.integers(0, 10_000),
    traceparent=TRACES,
    origin_traceparent=TRACES,
)

SILENT = Gap(GapKind.SILENT, EPOCH, EPOCH + 1_000_000_000, None)
MISSING = Gap(GapKind.MISSING_SEQUENCE, EPOCH, EPOCH, EPOCH + 2_500_000_000, sequences=(3, 6))
DELETED = Gap(GapKind.DELETED, EPOCH, None, EPOCH + 2_500_000_000, offsets=(100, 299))
SHED = Shed(
    ShedReason.OVERLOAD,
    EPOCH,
    EPOCH + 1_000_000_000,
    EPOCH + 9_000_000_000,
    (
        FrameRange(FramePosition(10), FramePosition(14), 5),
        FrameRange(FramePosition(20, 3), FramePosition(21, 1), 9),
    ),
)
MEMORY_LOST = Fault(FaultKind.MEMORY_LOST, EPOCH, "The state of the stream was lost.", EPOCH)
UNNARRATED = Fault(
    FaultKind.UNNARRATED,
    EPOCH,
    "The stream ended in a segment without a narration.",
    EPOCH + 4_000_000_000,
    after=FramePosition(30),
    through=FramePosition(34, 2),
)


def notice(content: Gap | Shed | Fault, *, stream: str = "hall/1", number: int = 0) -> NoticeEvent:
    """An event of a stream."""
    return NoticeEvent("test", stream, number, content, "flownar.frames", 0)
