"""The topology `live` on a real Ray in tests: started once, asked, hurt."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import psutil

from pipeline.cluster.connection import connect, disconnect
from pipeline.cluster.local_head import NAME
from pipeline.config import ServicesSettings, Settings
from pipeline.errors import TopologyError
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import read_to_end
from pipeline.kafka_io.records import Record
from pipeline.messages.dead_letter import DeadLetter
from pipeline.messages.events import StreamEvent
from pipeline.services.local import service_states, start_services
from pipeline.services.process import load_record
from pipeline.wire.dead_letter import decode_dead_letter
from pipeline.wire.narration_event import NarrationEvent
from pipeline.wire.notice_event import NoticeEvent
from pipeline.wire.stream_event import AnyStreamEvent, decode_stream_event
from pipeline.wire.topics import TopicNames
from tests.support.command_line import run_flownar
from tests.support.waiting import WAIT_S, wait_until
from topologies import live
from topologies.live import LiveRun


@dataclass
class LiveTopology:
    """A running topology.

    Attributes:
        settings: What it was started with.
        options: What `flownar run live` is given for that.
        run: Its supervisor.
    """

    settings: Settings
    options: Sequence[str]
    run: LiveRun

    @classmethod
    def start(cls, settings: Settings, options: Sequence[str]) -> Self:
        """Start it as people do, and connect this process to its Ray."""
        started = run_flownar(settings, ["run", "live", "--detach", *options], timeout_s=200.0)
        assert started.returncode == 0, started.stdout + started.stderr
        assert "running live: 5 actors, 2 partitions" in started.stderr
        connect(settings, start_local=False)
        run = live.find(settings)
        assert run is not None
        return cls(settings, options, run)

    def pids(self) -> dict[str, int]:
        """Process ids by name; 0 of one that starts."""
        status = self.run.status()
        return {actor.name: actor.pid for actor in status.actors} | {"supervisor": status.supervisor_pid}

    def owners(self) -> list[str]:
        """The narrator of each partition; "" of one that is not owned."""
        rows = self.run.status().partitions
        return [row.narrator if row.phase == "owned" else "" for row in rows]

    def spread(self) -> None:
        """Let each narrator own one of the two partitions."""
        wait_until(lambda: all(self.owners()), "an owner of each partition", show=self.show)
        first, second = self.owners()
        if first == second:
            other = {"narrator-0": "narrator-1", "narrator-1": "narrator-0"}[first]
            self.run.move(1, other, deadline_s=WAIT_S)

    def kill(self, *names: str) -> None:
        """Kill processes with SIGKILL at the same moment."""
        pids = self.pids()
        for name in names:
            os.kill(pids[name], signal.SIGKILL)

    def wait_until_replaced(self, killed: Mapping[str, int]) -> None:
        """Wait until others are ready in the place of all these processes."""

        def is_replaced() -> bool:
            try:
                ready, pids = self.run.status().ready, self.pids()
            except TopologyError:
                # The supervisor is just being started again.
                return False
            return ready and all(pids[name] not in (0, pid) for name, pid in killed.items())

        wait_until(is_replaced, f"others in the place of {', '.join(killed)}", show=self.show)

    def kill_everything(self) -> None:
        """Kill all processes with SIGKILL: the actors, the supervisor, Ray, the broker and Redis."""
        head = load_record(self.settings.state_dir / NAME / "process.json")
        services = [state.pid for state in service_states(self.settings)]
        assert head is not None
        pids = [process.pid for process in psutil.Process(head.pid).children(recursive=True)]
        # A process that stays connected to a dead Ray is ended by it.
        disconnect()
        processes = [psutil.Process(pid) for pid in [head.pid, *pids, *services] if pid is not None]
        for process in processes:
            process.kill()
        gone, alive = psutil.wait_procs(processes, timeout=20.0)
        assert not alive, gone

    def start_again(self) -> None:
        """Start everything again, the broker and Redis at their old addresses."""
        kafka_port = int(self.settings.kafka.bootstrap_servers.rpartition(":")[2])
        redis_port = int(self.settings.redis.url.rpartition(":")[2].partition("/")[0])
        ports = ServicesSettings(kafka_port=kafka_port, controller_port=0, redis_port=redis_port)
        start_services(self.settings.model_copy(update={"services": ports}))
        self.run = self.start(self.settings, self.options).run

    def wait_until_committed(self) -> None:
        """Wait until everything that was published is committed; all streams must have ended."""
        kafka = self.settings.kafka
        with KafkaAdmin(kafka) as admin:
            ends = admin.end_offsets(TopicNames.of(kafka.prefix).frames, kafka.partitions)

        def is_committed() -> bool:
            rows = self.run.status().partitions
            return all(row.committed_position >= ends[row.partition] for row in rows)

        wait_until(is_committed, f"the commit of everything before {ends}", show=self.show)

    def narrations(self, stream: str) -> list[NarrationEvent]:
        """Committed narrations of a stream, in the order of the log."""
        return narrations(self.settings, stream)

    def dead_letters(self) -> list[DeadLetter]:
        """All dead letters."""
        topic = TopicNames.of(self.settings.kafka.prefix).dlq
        return [decode_dead_letter(r.key, r.value, r.headers)[0] for r in _read_all(self.settings, topic)]

    def show(self) -> str:
        """Everything that the supervisor says."""
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


def _read_all(settings: Settings, topic: str) -> list[Record]:
    connection = connection_kwargs(settings.kafka)
    return [r for p in range(settings.kafka.partitions) for r in read_to_end(connection, topic, p)]
