from dataclasses import replace
from datetime import datetime

import pytest

from pipeline.messages.events import FrameRange, Gap, GapKind, ShedReason, StreamEvent
from tests.support import stream_events as known
from tests.support.stream_events import EPOCH
from topologies.cli.notice_text import notice_text

SECOND = 1_000_000_000


def gap(kind: GapKind, before_ns: int | None, after_ns: int | None) -> Gap:
    return Gap(kind, EPOCH, before_ns, after_ns)


ONE_FRAME = FrameRange(known.SHED.ranges[0].first, known.SHED.ranges[0].first, 1)
MOMENT = f"{datetime.fromtimestamp(EPOCH / 1e9 + 1).astimezone():%H:%M:%S}"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (known.MISSING, "4 records (3 to 6) never arrived"),
        (replace(known.MISSING, sequences=(3, 3)), "1 record (3) never arrived"),
        (known.DELETED, "200 offsets (100 to 299) deleted before they were narrated"),
        (gap(GapKind.CLOCK_JUMP, EPOCH, EPOCH + 90 * SECOND), "clock jumped ahead by 90.0 s"),
        (gap(GapKind.CLOCK_JUMP, EPOCH, EPOCH - SECOND // 2), "clock jumped back by 0.5 s"),
        (known.SILENT, f"silent since {MOMENT}"),
        (gap(GapKind.SILENT, None, None), "silent"),
        (gap(GapKind.BACK, EPOCH, EPOCH + 61 * SECOND), "back after 61.0 s"),
        (gap(GapKind.BACK, None, EPOCH), "back"),
        (gap(GapKind.NEW_EPOCH, EPOCH, EPOCH + 2 * SECOND), "publisher started again after 2.0 s"),
        (known.SHED, "left out 14 frames (overload)"),
        (replace(known.SHED, reason=ShedReason.RATE, ranges=(ONE_FRAME,)), "left out 1 frame (rate)"),
        (known.MEMORY_LOST, "memory lost: The state of the stream was lost."),
        (
            known.UNNARRATED,
            "unnarrated: The stream ended in a segment without a narration. (frames went unnarrated)",
        ),
    ],
)
def test_each_kind_has_its_words(content: StreamEvent, text: str) -> None:
    assert notice_text(content) == text
