"""Faults planted into a right log, and what the checker finds of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.support.checked_log import RULES, Log, Stream
from topologies.chaos.checker.check import Readings, check
from topologies.chaos.checker.records import LogRecord
from topologies.chaos.checker.verdict import Category

NAMES = [str(category) for category in Category]


def log_of_a_day() -> tuple[Log, Stream]:
    """A log with some of everything; the second stream has the events 0 to 6."""
    log = Log()
    for name in ("dock/1", "dock/2"):
        stream = Stream(log, name)
        stream.frame()
        stream.narrate("A bench with a box.")
        for i in range(4):
            for _ in range(3):
                stream.frame()
            stream.narrate(f"The hand does thing {i}.")
        stream.corrupt()
        stream.frame(4)
        stream.skip()
        stream.frame()
        stream.end()
    return log, stream


def found(readings: Readings) -> dict[str, int]:
    """Counts of the categories that are not zero."""
    verdict = check(readings, RULES)
    counts = verdict.to_json()
    return {name: counts[name] for name in NAMES if counts[name]}


def mine(records: tuple[LogRecord, ...] | list[LogRecord]) -> list[int]:
    """Indices of the second stream's records."""
    return [i for i, record in enumerate(records) if record.key == b"dock/2"]


def renumbered(records: list[LogRecord]) -> tuple[LogRecord, ...]:
    """Offsets in the order of the list."""
    return tuple(replace(record, offset=i) for i, record in enumerate(records))


def with_events(log: Log, change: Callable[[list[LogRecord]], list[LogRecord]]) -> Readings:
    """Readings in which the second stream's events are others, in both readings of them."""
    readings = log.readings()
    events = list(readings.events)
    places = mine(events)
    changed = change([events[i] for i in places])
    others = [event for event in events if event.key != b"dock/2"]
    again = renumbered(others + changed)
    return replace(readings, events=again, live_events=again)


def edited(record: LogRecord, **fields: Any) -> LogRecord:
    return replace(record, value=json.dumps({**json.loads(record.value or b""), **fields}).encode())


def with_number(record: LogRecord, number: int) -> LogRecord:
    stem = dict(record.headers)["ce_id"].decode().rpartition("#")[0]
    headers = {**dict(record.headers), "ce_id": f"{stem}#{number}".encode()}
    return replace(record, headers=tuple(headers.items()))
