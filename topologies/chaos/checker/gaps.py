"""Which gaps the frames of a stream have, found by the checker itself in the log.

Some must be told, some may be: where the log alone can't say what a running system could know (how long it
was without a record while it was up; whether a refused record counts as missing), both are right.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from topologies.chaos.checker.frames import FrameRecord

MISSING_SEQUENCE = "missing-sequence"
CLOCK_JUMP = "clock-jump"
NEW_EPOCH = "new-epoch"
SILENT = "silent"
BACK = "back"
DELETED = "deleted"

BACKWARD_TOLERANCE_S = 1.0
"""A clock that is set back by less is corrected, and does not jump."""


@dataclass(frozen=True, slots=True)
class GapRules:
    """When the system under test has to tell what.

    Attributes:
        silent_after_s: A camera without a record for so long is silent (setting `live.silent_after_s`).
        clock_jump_s: A capture time that is off by more is a jump (setting `live.clock_jump_s`).
        tell_within_s: A silence that lasts may not be known yet to a system that just lost processes: only
            one that goes on for so much longer must be told. One that is over can be seen in the log.
        tolerance_s: Differences this close to a bound may be told or not.
    """

    silent_after_s: float = 60.0
    clock_jump_s: float = 5.0
    tell_within_s: float = 25.0
    tolerance_s: float = 0.25


@dataclass(frozen=True, slots=True)
class FoundGap:
    """A gap in the log.

    Attributes:
        kind: What it is.
        required: It must be told; else it may be.
        epoch: Epoch of the record at which it is noticed.
        before_ns: Capture time of the last frame before it.
        after_ns: Capture time of the first frame after it; None if there is none.
        missing: First and last sequence that never came, for a required MISSING_SEQUENCE.
        widest: First and last sequence that may be told as missing.
        is_over: A frame has come behind it: if it was told as a silence, so must be that.
    """

    kind: str
    required: bool
    epoch: int
    before_ns: int
    after_ns: int | None
    missing: tuple[int, int] | None = None
    widest: tuple[int, int] | None = None
    is_over: bool = True


def find_gaps(
    life: Sequence[FrameRecord],
    refused: Sequence[FrameRecord],
    log_end_ms: int,
    rules: GapRules,
    *,
    ended: bool,
) -> Iterator[FoundGap]:
    """The gaps of one life of a stream, in order.

    Args:
        life: Its records that were not refused, in order.
        refused: All refused records of the stream.
        log_end_ms: When the broker took the last record of all, Unix milliseconds.
        rules: When what must be told.
        ended: The life's last record ended the stream.
    """
    arrived = {(record.epoch, record.sequence) for record in refused}
    if life and life[0].sequence > 0:
        yield _missing(life[0].epoch, 0, life[0].first_capture_ns, (0, life[0].sequence - 1), arrived)
    for before, after in pairwise(life):
        renumbered = list(_renumbered(before, after, arrived))
        yield from renumbered
        may_be_untold = any(gap.kind == MISSING_SEQUENCE for gap in renumbered) or after.epoch != before.epoch
        yield from _jumped(before, after, rules, required=not may_be_untold)
        others = [r.append_ms for r in refused if before.offset < r.offset < after.offset]
        yield from _silent(before, after, [before.append_ms, *others, after.append_ms], rules)
    if life and not ended:
        last = life[-1]
        others = [r.append_ms for r in refused if r.offset > last.offset]
        yield from _silent(last, None, [last.append_ms, *others, max(log_end_ms, last.append_ms)], rules)


def _renumbered(before: FrameRecord, after: FrameRecord, arrived: set[tuple[int, int]]) -> Iterator[FoundGap]:
    same = after.epoch == before.epoch
    if not same:
        yield FoundGap(NEW_EPOCH, True, after.epoch, before.last_capture_ns, after.first_capture_ns)
    expected = before.sequence + 1 if same else 0
    if after.sequence > expected:
        widest = (expected, after.sequence - 1)
        yield _missing(after.epoch, before.last_capture_ns, after.first_capture_ns, widest, arrived)


def _missing(
    epoch: int, before_ns: int, after_ns: int, widest: tuple[int, int], arrived: set[tuple[int, int]]
) -> FoundGap:
    never = [s for s in range(widest[0], widest[1] + 1) if (epoch, s) not in arrived]
    missing = (never[0], never[-1]) if never else None
    return FoundGap(MISSING_SEQUENCE, bool(never), epoch, before_ns, after_ns, missing, widest)


def _jumped(
    before: FrameRecord, after: FrameRecord, rules: GapRules, *, required: bool
) -> Iterator[FoundGap]:
    """What was sent late, or faster than it was captured, has times that go on as they should: no jump."""
    appended_s = (after.append_ms - before.append_ms) / 1e3
    first_s = (after.first_capture_ns - before.last_capture_ns) / 1e9
    last_s = (after.last_capture_ns - before.last_capture_ns) / 1e9
    # How far it goes back or forward, and how far it is off by the broker's clock, each beyond its bound.
    goes_s = max(-first_s - BACKWARD_TOLERANCE_S, first_s - rules.clock_jump_s)
    is_off_s = max(first_s - appended_s, appended_s - last_s) - rules.clock_jump_s
    beyond_s = min(goes_s, is_off_s)
    if beyond_s > -rules.tolerance_s:
        is_clear = beyond_s > rules.tolerance_s
        times = (before.last_capture_ns, after.first_capture_ns)
        yield FoundGap(CLOCK_JUMP, required and is_clear, after.epoch, *times)


def _silent(
    before: FrameRecord, after: FrameRecord | None, append_ms: Sequence[int], rules: GapRules
) -> Iterator[FoundGap]:
    longest_s = max(later - earlier for earlier, later in pairwise(append_ms)) / 1e3
    if (append_ms[-1] - append_ms[0]) / 1e3 > rules.silent_after_s - rules.tolerance_s:
        after_ns = after.first_capture_ns if after else None
        if after_ns is None:
            required = longest_s > rules.silent_after_s + rules.tell_within_s
        else:
            # A broker that was away makes records late, but their camera was not silent.
            captured_s = (after_ns - before.last_capture_ns) / 1e9
            required = min(longest_s, captured_s) > rules.silent_after_s + rules.tolerance_s
        # A record that only ends its stream may end a silence without a word.
        is_over = after is not None and after.num_frames > 0
        yield FoundGap(SILENT, required, before.epoch, before.last_capture_ns, after_ns, is_over=is_over)
