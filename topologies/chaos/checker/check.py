"""All checks, stream by stream: a pure function over what was read from the topics."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from topologies.chaos.checker.comparison import Comparison, compare
from topologies.chaos.checker.events import Event, Fault, Gap, LeftOut, Narration, read_events
from topologies.chaos.checker.frames import FrameRecord, doubled_letters, read_dead_letters, read_frames
from topologies.chaos.checker.gaps import GapRules
from topologies.chaos.checker.lives import events_of_lives, lives_of
from topologies.chaos.checker.order import numbering_problems, order_problems, split_doubled
from topologies.chaos.checker.records import LogRecord
from topologies.chaos.checker.refusals import calm_refusal_problems, refusal_problems
from topologies.chaos.checker.rereading import rereading_problems
from topologies.chaos.checker.tiling import tile
from topologies.chaos.checker.told_gaps import gap_problems
from topologies.chaos.checker.verdict import Category, Problem, Verdict, counted


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read.

    Attributes:
        frames: The topic frames.
        events: The topic narrations, at the end.
        dead_letters: The topic dlq, at the end.
        live_events: The topic narrations as a reader got it that was there all the time; None if none was.
        calm_events: The topic narrations of a run without faults on the same frames; None if there was none.
        calm_dead_letters: The topic dlq of that run.
    """

    frames: Sequence[LogRecord]
    events: Sequence[LogRecord]
    dead_letters: Sequence[LogRecord]
    live_events: Sequence[LogRecord] | None = None
    calm_events: Sequence[LogRecord] | None = None
    calm_dead_letters: Sequence[LogRecord] = ()


def check(readings: Readings, rules: GapRules | None = None) -> Verdict:
    """Check all streams.

    Args:
        readings: What was read from the topics.
        rules: When which gap must be told; the settings' defaults if left out.
    """
    rules = rules or GapRules()
    events, unreadable = read_events(readings.events)
    letters = read_dead_letters(readings.dead_letters)
    streams = read_frames(readings.frames, letters)
    log_end_ms = max((record.timestamp_ms for record in readings.frames), default=0)
    problems = [
        Problem(
            Category.LOST, repr(record.key), record.partition, f"can't be read, at {record.offset}: {what}"
        )
        for record, what in unreadable
    ]
    for letter, more in doubled_letters(letters):
        what = f"the record at {letter.offset} has {more} dead letters too many"
        problems.append(Problem(Category.DOUBLED, "", letter.partition, what, more))
    problems += refusal_problems(letters, streams)
    if readings.live_events is not None:
        problems += rereading_problems(read_events(readings.live_events)[0], events)
    calm: list[Event] | None = None
    if readings.calm_events is not None:
        calm = read_events(readings.calm_events)[0]
        problems += calm_refusal_problems(letters, read_dead_letters(readings.calm_dead_letters), streams)
    told = Verdict()
    for partition, stream in sorted({*streams, *((event.partition, event.stream) for event in events)}):
        mine = [event for event in events if (event.partition, event.stream) == (partition, stream)]
        theirs = None if calm is None else [e for e in calm if (e.partition, e.stream) == (partition, stream)]
        records = streams.get((partition, stream), [])
        found, comparison = _check_stream(stream, partition, records, mine, theirs, log_end_ms, rules)
        problems += found
        told = replace(
            told,
            near_ties=told.near_ties + comparison.near_ties,
            not_compared=told.not_compared + comparison.not_compared,
        )
    bodies = [event.body for event in events]
    ranges = [r for body in bodies if isinstance(body, LeftOut) for r in body.ranges]
    return replace(
        told,
        problems=tuple(problems),
        expected=sum(isinstance(event.body, Narration) for event in calm or ()),
        narrations=sum(isinstance(body, Narration) for body in bodies),
        gaps=counted([body.kind for body in bodies if isinstance(body, Gap)]),
        shed_frames=sum(num_frames for _, _, num_frames in ranges),
        faults=counted([body.kind for body in bodies if isinstance(body, Fault)]),
        dead_letters=counted([letter.code for letter in letters]),
    )


def _check_stream(
    stream: str,
    partition: int,
    records: Sequence[FrameRecord],
    events: Sequence[Event],
    calm: Sequence[Event] | None,
    log_end_ms: int,
    rules: GapRules,
) -> tuple[list[Problem], Comparison]:
    lives = lives_of(records)
    first, later = split_doubled(events)
    problems = [
        Problem(Category.DOUBLED, stream, partition, f"event {event.name} is there again") for event in later
    ]
    parts = events_of_lives(lives, first)
    problems += numbering_problems(stream, partition, records)
    problems += order_problems(stream, partition, parts)
    tiling = tile(stream, partition, records, first, ended=bool(lives) and lives[-1].ended)
    problems += tiling.problems
    problems += gap_problems(
        stream, partition, list(zip(lives, parts, strict=False)), records, log_end_ms, rules
    )
    if calm is None:
        return problems, Comparison()
    compared = [
        compare(stream, partition, ours, theirs, tiling.wrong)
        for ours, theirs in zip(parts, events_of_lives(lives, calm), strict=True)
    ]
    problems += [problem for one in compared for problem in one.problems]
    near_ties, not_compared = sum(c.near_ties for c in compared), sum(c.not_compared for c in compared)
    return problems, Comparison((), near_ties, not_compared)
