"""Logs as a right system writes them, made by hand: what the checker must find nothing wrong in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from topologies.chaos.checker.check import Readings
from topologies.chaos.checker.gaps import GapRules
from topologies.chaos.checker.records import LogRecord, Position
from topologies.chaos.checker.times import format_time

RULES = GapRules(silent_after_s=60.0, clock_jump_s=5.0, tell_within_s=25.0)
START_MS = 1_767_323_045_000
EVERY_MS = 2_000
SILENCE_MS = 100_000
"""Longer than must be told."""


@dataclass
class Log:
    """All topics of a system."""

    frames: list[LogRecord] = field(default_factory=list)
    events: list[LogRecord] = field(default_factory=list)
    dead_letters: list[LogRecord] = field(default_factory=list)

    def readings(self) -> Readings:
        """What a checker reads: twice the same, and the narrations of a run without faults."""
        calm = [r for r in self.events if ("ce_type", b"flownar.narration.v1") in r.headers]
        return Readings(
            tuple(self.frames),
            tuple(self.events),
            tuple(self.dead_letters),
            tuple(self.events),
            tuple(calm),
            tuple(self.dead_letters),
        )

    def append(
        self,
        topic: list[LogRecord],
        partition: int,
        time_ms: int,
        key: str,
        value: bytes | None,
        **headers: str,
    ) -> int:
        """Write a record; returns its offset."""
        offset = sum(record.partition == partition for record in topic)
        named = tuple((name.replace("_", "-"), text.encode()) for name, text in headers.items())
        topic.append(LogRecord(partition, offset, time_ms, key.encode(), value, named))
        return offset


@dataclass
class Stream:
    """One stream, its camera and its narrator."""

    log: Log
    name: str = "dock/7"
    partition: int = 0
    now_ms: int = START_MS
    epoch: int = START_MS * 1_000_000
    sequence: int = 0
    number: int = 0
    segment: int = 0
    clock_ns: int = 0
    open_frames: list[tuple[Position, int]] = field(default_factory=list)
    sent_last: Position | None = None
    taken: tuple[int, int] | None = None
    last_frame: tuple[Position, int] | None = None
    gaps_to_tell: list[dict[str, Any]] = field(default_factory=list)

    def frame(self, num_frames: int = 1) -> None:
        """The camera sends one picture, or a group of them; the narrator is shown it."""
        self.open_frames += self._send(num_frames)

    def narrate(self, text: str = "The hand opens the box.", **changed: Any) -> None:
        """The narrator speaks about all that it was shown since it last spoke; fields may be changed."""
        if not self.open_frames:
            return
        (start, start_ns), (end, end_ns) = self.open_frames[0], self.open_frames[-1]
        data: dict[str, Any] = {
            "segment": self.segment,
            "start": format_time(start_ns),
            "end": format_time(end_ns),
            "text": text,
            "frames": len(self.open_frames),
            "margin": {"p_skip": 0.2, "logit": 3.0},
            "source": {"start": _place(start), "end": _place(end)},
            **changed,
        }
        self.segment += 1
        self.open_frames = []
        self._tell("narration", data, end_ns)

    def shed(self, num_frames: int = 1) -> None:
        """A picture or group comes that is left out."""
        frames = self._send(num_frames)
        (first, start_ns), (last, end_ns) = frames[0], frames[-1]
        ranges = [{"start": _place(first), "end": _place(last), "frames": num_frames}]
        data = {"reason": "overload", "start": format_time(start_ns), "end": format_time(end_ns)}
        self._tell("shed", {**data, "frames": num_frames, "source": {"ranges": ranges}}, end_ns)

    def fault(self, kind: str = "frame-refused", num_frames: int = 1) -> None:
        """Pictures come that no narration will cover, because something went wrong."""
        self.narrate()
        before = self.sent_last
        frames = self._send(num_frames)
        source = {"after": before and _place(before), "through": _place(frames[-1][0])}
        data = {"kind": kind, "message": "?", "time": format_time(frames[-1][1]), "source": source}
        self._tell("fault", data, frames[-1][1])
        self.segment = 0 if kind == "memory-lost" else self.segment

    def corrupt(self, *, told: bool = False) -> None:
        """A picture comes that can't be decoded."""
        first = self.sequence
        self._refuse(self._append(b"?", str(self.sequence)), "image-corrupt")
        self.sequence += 1
        if told:
            self._found("missing-sequence", sequences={"first": first, "last": first})

    def repeat(self) -> None:
        """The last record that was taken comes again."""
        if self.taken is not None and self.taken[0] == self.epoch:
            self._refuse(self._append(b"?", str(self.taken[1])), "duplicate-sequence")

    def refuse_wrongly(self) -> None:
        """A good record comes and is refused as a repeated one."""
        ((offset, _), _) = self._send(1)[0]
        self._refuse(offset, "duplicate-sequence")

    def skip(self, num_records: int = 1) -> None:
        """Records are lost on their way to the broker."""
        first = self.sequence
        self.sequence += num_records
        self._found("missing-sequence", sequences={"first": first, "last": self.sequence - 1})

    def jump(self, seconds: float) -> None:
        """The camera's clock is set."""
        self.clock_ns += round(seconds * 1e9)
        if self.last_frame is not None:
            self._found("clock-jump")

    def restart(self) -> None:
        """The camera's publisher starts again."""
        self.epoch += 10**9
        self.sequence = 0
        if self.last_frame is not None:
            self._found("new-epoch")

    def silence(self, *, told: bool = True) -> None:
        """Nothing comes for a while."""
        if self.last_frame is None:
            return
        self.now_ms += SILENCE_MS
        if told:
            before = format_time(self.last_frame[1])
            self._tell_gap({"kind": "silent", "before": before, "after": None, "sequences": None})
            self._found("back")

    def end(self, *, forgotten: bool = True) -> None:
        """The camera ends the stream; if it comes again, that is another life."""
        self.now_ms += 1
        for gap in self.gaps_to_tell:
            self._tell_gap({**gap, "after": format_time(self._capture_ns())})
        self.gaps_to_tell = []
        self._append(None, str(self.sequence), end_of_stream="true")
        self.narrate("The bench is empty.")
        self.epoch += 10**9
        self.sequence, self.segment, self.last_frame, self.clock_ns = 0, 0, None, 0
        self.number = 0 if forgotten else self.number

    def _send(self, num_frames: int) -> list[tuple[Position, int]]:
        self.now_ms += EVERY_MS
        capture_ns = self._capture_ns()
        for gap in self.gaps_to_tell:
            self._tell_gap({**gap, "after": format_time(capture_ns)})
        self.gaps_to_tell = []
        group = {"frame_count": str(num_frames), "frame_interval": "1000"} if num_frames > 1 else {}
        kind = "video/h264" if num_frames > 1 else "image/jpeg"
        offset = self._append(b"jpeg", str(self.sequence), content_type=kind, **group)
        self.taken = (self.epoch, self.sequence)
        self.sequence += 1
        frames = [((offset, i), capture_ns + 1000 * i) for i in range(num_frames)]
        self.last_frame = frames[-1]
        self.sent_last = frames[-1][0]
        return frames

    def _capture_ns(self) -> int:
        return self.now_ms * 1_000_000 + self.clock_ns

    def _append(self, value: bytes | None, sequence: str, **headers: str) -> int:
        capture_time, epoch = str(self._capture_ns()), str(self.epoch)
        headers = {"capture_time": capture_time, "epoch": epoch, "sequence": sequence, **headers}
        return self.log.append(self.log.frames, self.partition, self.now_ms, self.name, value, **headers)

    def _refuse(self, offset: int, code: str) -> None:
        place = {"error_partition": str(self.partition), "error_offset": str(offset)}
        letters = self.log.dead_letters
        self.log.append(letters, self.partition, self.now_ms, self.name, b"?", error_code=code, **place)

    def _found(self, kind: str, sequences: dict[str, int] | None = None) -> None:
        before = None if self.last_frame is None else format_time(self.last_frame[1])
        self.gaps_to_tell.append({"kind": kind, "before": before, "sequences": sequences})

    def _tell_gap(self, data: dict[str, Any]) -> None:
        self._tell("gap", {**data, "source": {"offsets": None}}, self._capture_ns())

    def _tell(self, kind: str, data: dict[str, Any], time_ns: int) -> None:
        source = {"topic": "flownar.frames", "partition": self.partition, **data["source"]}
        data = {"stream": self.name, "epoch": str(self.epoch), **data, "source": source}
        headers = {
            "ce_id": f"{quote(self.name, safe='')}#{self.epoch}#{self.number}",
            "ce_type": f"flownar.{kind}.v1",
            "ce_subject": self.name,
            "ce_time": format_time(time_ns),
        }
        self.number += 1
        topic, value = self.log.events, json.dumps(data).encode()
        offset = sum(record.partition == self.partition for record in topic)
        named = tuple((name, text.encode()) for name, text in headers.items())
        topic.append(LogRecord(self.partition, offset, self.now_ms, self.name.encode(), value, named))


def _place(position: Position) -> dict[str, int]:
    return {"offset": position[0], "index": position[1]}
