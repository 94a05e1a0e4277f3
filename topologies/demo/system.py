"""Kafka, Redis, Ray and the topology `live` of the demo: started side by side, stopped completely."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.cluster.connection import connect, disconnect
from pipeline.cluster.local_head import start_head, stop_head
from pipeline.config import Settings
from pipeline.errors import TopologyError
from pipeline.kafka_io.admin import create_all_topics
from pipeline.services.local import start_services, stop_services
from topologies import live
from topologies.demo.settings import ActorKind
from topologies.own_services import with_addresses

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DemoSystem:
    """A running system.

    Attributes:
        settings: Its settings, addresses included.
        run: The topology.
    """

    settings: Settings
    run: live.LiveRun

    def kill(self, kind: ActorKind) -> str:
        """Kill the process of one actor with SIGKILL; returns its name and pid.

        Raises:
            TopologyError: There is no such actor.
        """
        for actor in self.run.status().actors:
            if actor.kind == kind and actor.pid:
                os.kill(actor.pid, signal.SIGKILL)
                return f"{actor.name} (pid {actor.pid})"
        raise TopologyError(f"There is no {kind} to kill.")

    def drain(self) -> str:
        """Stop the topology; returns what was left undone, "" if nothing was."""
        return live.stop(self.settings, self.run)


@contextmanager
def running_system(settings: Settings, say: Say, *, keep: bool) -> Iterator[DemoSystem]:
    """Start everything, with empty topics, and end it again unless it is to be kept.

    Raises:
        FlowNarError: Something can't be started; what had started is stopped then.
    """
    completed = False
    try:
        yield _start(settings, say)
        completed = True
    finally:
        if keep and completed:
            disconnect()
        else:
            _stop(settings)


def _start(settings: Settings, say: Say) -> DemoSystem:
    # What an interrupted demo may have left, its data included: this one begins with empty topics.
    _stop(settings)
    say("starting Kafka, Redis and Ray")
    with ThreadPoolExecutor(2) as pool:
        starting_ray = pool.submit(start_head, settings)
        services = pool.submit(start_services, settings).result()
        settings = with_addresses(settings, services)
        create_all_topics(settings)
        starting_ray.result()
    say("starting the topology live: supervisor, reader, encoder, narrator")
    connect(settings, start_local=True)
    run = live.start(settings, replace=True)
    run.wait_until_ready()
    return DemoSystem(settings, run)


def _stop(settings: Settings) -> None:
    disconnect()
    stop_head(settings)
    stop_services(settings, volumes=True)
