"""Whether every gap was told, and every told gap is one."""

from collections.abc import Iterator, Sequence

from topologies.chaos.checker.events import Event, Gap
from topologies.chaos.checker.frames import FrameRecord
from topologies.chaos.checker.gaps import (
    BACK,
    DELETED,
    MISSING_SEQUENCE,
    SILENT,
    FoundGap,
    GapRules,
    find_gaps,
)
from topologies.chaos.checker.lives import Life
from topologies.chaos.checker.times import format_time
from topologies.chaos.checker.verdict import Category, Problem


def gap_problems(
    stream: str,
    partition: int,
    lives: Sequence[tuple[Life, Sequence[Event]]],
    records: Sequence[FrameRecord],
    log_end_ms: int,
    rules: GapRules,
) -> Iterator[Problem]:
    """Hold the gaps that the log has against those that were told.

    Args:
        stream: Stream id.
        partition: Its partition.
        lives: Its lives, each with its events in order.
        records: All its records.
        log_end_ms: When the broker took the last record of all, Unix milliseconds.
        rules: When what must be told.
    """
    refused = [record for record in records if record.refused]
    for life, events in lives:
        found = list(find_gaps(life.records, refused, log_end_ms, rules, ended=life.ended))
        told = [(event, event.body) for event in events if isinstance(event.body, Gap)]
        for what in _differences(found, told, records):
            yield Problem(Category.UNTOLD_GAP, stream, partition, what)


def _differences(
    found: Sequence[FoundGap], told: Sequence[tuple[Event, Gap]], records: Sequence[FrameRecord]
) -> Iterator[str]:
    open_gaps = list(found)
    silences: list[FoundGap] = []
    for event, gap in told:
        if gap.kind == BACK:
            silence = next((s for s in silences if _is_back(s, gap)), None)
            if silence is None:
                yield f"event {event.name} tells that it is back, but it was not told to be silent"
            else:
                silences.remove(silence)
            continue
        if gap.kind == DELETED:
            if gap.offsets is None or any(gap.offsets[0] <= r.offset <= gap.offsets[1] for r in records):
                yield f"event {event.name} tells as deleted what is there: {gap.offsets}"
            continue
        match = next((f for f in open_gaps if _is_told_by(f, gap)), None)
        if match is None:
            yield f"event {event.name} tells a gap that is none: {_shown(gap)}"
            continue
        open_gaps.remove(match)
        if match.kind == SILENT:
            silences.append(match)
    for gap_left in open_gaps:
        if gap_left.required:
            yield f"not told: {_shown_found(gap_left)}"
    for silence in silences:
        if silence.is_over:
            yield f"told as silent but not as back: {_shown_found(silence)}"


def _is_told_by(found: FoundGap, told: Gap) -> bool:
    if found.kind != told.kind:
        return False
    before, after = told.before == format_time(found.before_ns), told.after == _after(found)
    if found.kind == SILENT:
        return before
    if found.kind != MISSING_SEQUENCE:
        return before or after
    if told.sequences is None or found.widest is None or not (before or after):
        return False
    first, last = told.sequences
    needed = found.missing or (first, last)
    return found.widest[0] <= first <= needed[0] and needed[1] <= last <= found.widest[1]


def _is_back(silence: FoundGap, told: Gap) -> bool:
    return silence.after_ns is not None and told.after == _after(silence)


def _after(found: FoundGap) -> str | None:
    return None if found.after_ns is None else format_time(found.after_ns)


def _shown(gap: Gap) -> str:
    return f"{gap.kind} from {gap.before} to {gap.after}, sequences {gap.sequences}"


def _shown_found(gap: FoundGap) -> str:
    return f"{gap.kind} from {format_time(gap.before_ns)} to {_after(gap)}, sequences {gap.missing}"
