"""The topology `live` on a real Ray in tests: started once, asked, hurt."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.config import Settings
from pipeline.errors import TopologyError
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import read_to_end
from pipeline.kafka_io.records import Record
from pipeline.messages.dead_letter import DeadLetter
from pipeline.messages.events import StreamEvent
from pipeline.wire.dead_letter import decode_dead_letter
from pipeline.wire.narration_event import NarrationEvent
from pipeline.wire.notice_event import NoticeEvent
from pipeline.wire.stream_event import AnyStreamEvent, decode_stream_event
from pipeline.wire.topics import TopicNames
from topologies.live import LiveRun

WAIT_S = 90.0
"""Longest wait for a narration: a killed encoder imports torch and transformers again, on a busy machine."""


@dataclass(frozen=True)
class LiveTopology:
    """A running topology and the settings that it was started with."""

    settings: Settings
    run: LiveRun

    def kill(self, name: str) -> None:
        """Kill a process with SIGKILL, and wait until another one is ready in its place."""
        killed = self._pid(name)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: self._is_replaced(name, killed), f"another {name}", show=self._show)

    def wait_until_committed(self) -> None:
        """Wait until everything that was published is committed; all streams must have ended."""
        kafka = self.settings.kafka
        with KafkaAdmin(kafka) as admin:
            ends = admin.end_offsets(TopicNames.of(kafka.prefix).frames, kafka.partitions)

        def is_committed() -> bool:
            rows = self.run.status().partitions
            return all(row.committed_position >= ends[row.partition] for row in rows)

        wait_until(is_committed, f"the commit of everything before {ends}", show=self._show)

    def narrations(self, stream: str) -> list[NarrationEvent]:
        """Committed narrations of a stream, in the order of the log."""
        return narrations(self.settings, stream)

    def dead_letters(self) -> list[DeadLetter]:
        """All dead letters."""
        topic = TopicNames.of(self.settings.kafka.prefix).dlq
        return [decode_dead_letter(r.key, r.value, r.headers)[0] for r in _read_all(self.settings, topic)]

    def _pid(self, name: str) -> int:
        status = self.run.status()
        pids = {actor.name: actor.pid for actor in status.actors} | {"supervisor": status.supervisor_pid}
        return pids[name]

    def _is_replaced(self, name: str, killed: int) -> bool:
        try:
            return self.run.status().ready and self._pid(name) not in (0, killed)
        except TopologyError:
            # The supervisor is just being started again.
            return False

    def _show(self) -> str:
        status = self.run.status()
        return "\n".join(
            ["", *map(str, status.actors), *map(str, status.partitions), *map(str, status.streams)]
        )


def narrations(settings: Settings, stream: str) -> list[NarrationEvent]:
    """Committed narrations of a stream, in the order of the log."""
    return [event for event in stream_events(settings, stream) if isinstance(event, NarrationEvent)]


def notices(settings: Settings, stream: str) -> list[StreamEvent]:
    """What else is committed of a stream: gaps, left-out frames, faults; in the order of the log."""
    return [event.content for event in stream_events(settings, stream) if isinstance(event, NoticeEvent)]


def stream_events(settings: Settings, stream: str) -> list[AnyStreamEvent]:
    """All committed events of a stream, in the order of the log."""
    topic = TopicNames.of(settings.kafka.prefix).narrations
    events = [decode_stream_event(r.value, r.headers) for r in _read_all(settings, topic)]
    return [event for event in events if event.stream == stream]


def wait_until(
    holds: Callable[[], bool], what: str, timeout_s: float = WAIT_S, show: Callable[[], str] = str
) -> None:
    """Wait for a condition; `show` adds to the message if it never comes."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout_s:g} s for {what}{show()}")
        time.sleep(0.2)


def _read_all(settings: Settings, topic: str) -> list[Record]:
    connection = connection_kwargs(settings.kafka)
    return [r for p in range(settings.kafka.partitions) for r in read_to_end(connection, topic, p)]
