"""Where the time line of a stream is not what it seems, as far as two successive records show it.

A pure function of what was taken of the stream before a record and with it: whoever reads the same records
again finds the same gaps.
"""

from dataclasses import dataclass
from math import inf

from pipeline.messages.events import Gap, GapKind
from pipeline.reader.admission import AdmissionState
from pipeline.wire.frame_record import FrameHeaders

BACKWARD_TOLERANCE_S = 1.0
"""A clock that is set back by less is corrected, and does not jump."""

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class GapRules:
    """What is told; infinity tells nothing.

    Attributes:
        clock_jump_s: A capture time that differs by more than this from what the broker's clock says is a
            jump.
        silent_after_s: A stream was silent if both clocks say that so much time lies between two records.
    """

    clock_jump_s: float = inf
    silent_after_s: float = inf


def find_gaps(
    before: AdmissionState | None, after: AdmissionState, headers: FrameHeaders, rules: GapRules
) -> tuple[Gap, ...]:
    """Find what is missing or wrong between a record and the one before it.

    A silence that is over is found here; while it lasts, only somebody with a clock can notice it.

    Args:
        before: What had been taken of the stream before the record; None if nothing had.
        after: What has been taken with it, times included.
        headers: The record's headers.
        rules: What is told.
    """
    gaps = []
    last_ns = before.last_capture_ns if before else None
    first_ns = headers.capture_times_ns[0]
    is_same_epoch = before is not None and before.epoch == after.epoch
    if before is not None and not before.ended and _was_silent(before, after, headers, rules.silent_after_s):
        gaps.append(Gap(GapKind.SILENT, before.epoch, last_ns, None))
        gaps.append(Gap(GapKind.BACK, after.epoch, last_ns, first_ns))
    if before is not None and not is_same_epoch and not before.ended:
        gaps.append(Gap(GapKind.NEW_EPOCH, after.epoch, last_ns, first_ns))
    expected = before.sequence + 1 if before is not None and is_same_epoch else 0
    if after.sequence > expected:
        missing = (expected, after.sequence - 1)
        gaps.append(Gap(GapKind.MISSING_SEQUENCE, after.epoch, last_ns, first_ns, sequences=missing))
    elif before is not None and is_same_epoch and _clock_jumped(before, after, headers, rules.clock_jump_s):
        gaps.append(Gap(GapKind.CLOCK_JUMP, after.epoch, last_ns, first_ns))
    return tuple(gaps)


def _was_silent(
    before: AdmissionState, after: AdmissionState, headers: FrameHeaders, silent_after_s: float
) -> bool:
    """Both clocks count: a broker that was away makes records late, but their camera was not silent."""
    if before.last_capture_ns is None or before.last_append_ms is None or after.last_append_ms is None:
        return False
    appended_s = (after.last_append_ms - before.last_append_ms) / 1000
    captured_s = (headers.capture_times_ns[0] - before.last_capture_ns) / _NS
    return min(appended_s, captured_s) >= silent_after_s


def _clock_jumped(
    before: AdmissionState, after: AdmissionState, headers: FrameHeaders, clock_jump_s: float
) -> bool:
    """Compare the publisher's clock with the broker's.

    Not every difference is a jump: what was sent late, or faster than it was captured, has capture times that
    go on as they should. So the capture time must also go back, or forward by more than the limit.
    """
    if before.last_capture_ns is None or before.last_append_ms is None or after.last_append_ms is None:
        return False
    appended_s = (after.last_append_ms - before.last_append_ms) / 1000
    first_s = (headers.capture_times_ns[0] - before.last_capture_ns) / _NS
    last_s = (headers.capture_times_ns[-1] - before.last_capture_ns) / _NS
    # A group of pictures is sent at its end: any time from its first to its last frame is plausible.
    difference_s = max(first_s - appended_s, appended_s - last_s)
    is_odd = first_s < -BACKWARD_TOLERANCE_S or first_s > clock_jump_s
    return is_odd and difference_s > clock_jump_s
