"""Events of the topic `narrations`, read by the wire contract: narrations, gaps, left-out frames, faults."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from topologies.chaos.checker.records import LogRecord, Position, header_texts


@dataclass(frozen=True, slots=True)
class Narration:
    """One narration.

    Attributes:
        segment: Number of the segment.
        start: First frame of the segment.
        end: Last frame of it.
        start_time: Capture time of the first frame, as written.
        end_time: Capture time of the last one.
        text: What was said.
        num_frames: Frames that the model was shown; -1 if that is not said.
        margin: How close its closest decision was; inf if that is not said.
    """

    segment: int
    start: Position
    end: Position
    start_time: str
    end_time: str
    text: str
    num_frames: int
    margin: float


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap.

    Attributes:
        kind: What it is.
        before: Capture time before it as written, or None.
        after: Capture time after it as written, or None.
        sequences: First and last missing sequence, or None.
        offsets: First and last deleted offset, or None.
    """

    kind: str
    before: str | None
    after: str | None
    sequences: tuple[int, int] | None
    offsets: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Frames that were left out.

    Attributes:
        ranges: First position, last position and number of frames of each range.
    """

    ranges: tuple[tuple[Position, Position, int], ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that went wrong.

    Attributes:
        kind: What.
        after: Position after which no narration covers the frames, or None.
        through: The last of them, or None.
    """

    kind: str
    after: Position | None
    through: Position | None


Body = Narration | Gap | LeftOut | Fault


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream.

    Attributes:
        partition: Partition that it was read from.
        offset: Its offset there.
        stream: Stream id.
        epoch: Epoch in its id.
        number: Number in its id.
        body: What it tells.
        content: Value and headers but those of tracing: what must not change.
    """

    partition: int
    offset: int
    stream: str
    epoch: int
    number: int
    body: Body
    content: str

    @property
    def name(self) -> str:
        """Its id and place, for messages."""
        return f"#{self.epoch}#{self.number} (offset {self.offset})"


def read_events(records: Iterable[LogRecord]) -> tuple[list[Event], list[tuple[LogRecord, str]]]:
    """Events in the order of the log, and the records that are none, with what is wrong with them."""
    events, unreadable = [], []
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        try:
            events.append(_read_event(record))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            unreadable.append((record, repr(error)))
    return events, unreadable


def _read_event(record: LogRecord) -> Event:
    texts = header_texts(record.headers)
    quoted, epoch, number = texts["ce_id"].split("#")
    stream = unquote(quoted)
    data = json.loads(record.value or b"")
    said = {texts["ce_subject"], data["stream"], (record.key or b"").decode()}
    if said != {stream}:
        raise ValueError(f"id {texts['ce_id']}, subject, key and data name different streams: {said}")
    if data["epoch"] != epoch or int(data["source"]["partition"]) != record.partition:
        raise ValueError(f"id {texts['ce_id']} and data differ in epoch or partition")
    kind = texts["ce_type"]
    steady = sorted((n, t) for n, t in texts.items() if n not in ("traceparent", "tracestate"))
    content = json.dumps([steady, data], sort_keys=True)
    return Event(
        record.partition, record.offset, stream, int(epoch), int(number), _BODIES[kind](data), content
    )


def _narration(data: Mapping[str, Any]) -> Narration:
    margins = [data.get("margin", {}).get(name) for name in ("p_skip", "logit")]
    return Narration(
        segment=int(data["segment"]),
        start=_position(data["source"]["start"]),
        end=_position(data["source"]["end"]),
        start_time=str(data["start"]),
        end_time=str(data["end"]),
        text=str(data["text"]),
        num_frames=int(data.get("frames", -1)),
        margin=min((float(margin) for margin in margins if margin is not None), default=float("inf")),
    )


def _gap(data: Mapping[str, Any]) -> Gap:
    pairs = [data["sequences"], data["source"].get("offsets")]
    sequences, offsets = (None if p is None else (int(p["first"]), int(p["last"])) for p in pairs)
    return Gap(str(data["kind"]), data["before"], data["after"], sequences, offsets)


def _left_out(data: Mapping[str, Any]) -> LeftOut:
    ranges = data["source"]["ranges"]
    told = tuple((_position(r["start"]), _position(r["end"]), int(r["frames"])) for r in ranges)
    if sum(frames for _, _, frames in told) != int(data["frames"]):
        raise ValueError(f"frames is {data['frames']}, but the ranges have other numbers")
    return LeftOut(told)


def _fault(data: Mapping[str, Any]) -> Fault:
    after, through = data["source"]["after"], data["source"]["through"]
    return Fault(str(data["kind"]), after and _position(after), through and _position(through))


def _position(data: Mapping[str, Any]) -> Position:
    return int(data["offset"]), int(data["index"])


_BODIES: Mapping[str, Callable[[Mapping[str, Any]], Body]] = {
    "flownar.narration.v1": _narration,
    "flownar.gap.v1": _gap,
    "flownar.shed.v1": _left_out,
    "flownar.fault.v1": _fault,
}
