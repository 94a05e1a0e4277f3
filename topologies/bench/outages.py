"""The outages of Kafka and Redis that a topology must live through: how each begins and how it ends."""

import os
import resource
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
import redis

from pipeline.errors import ServiceError
from pipeline.services.local import service_states, start_services
from topologies.chaos.proxy import Cut, TcpProxy
from topologies.chaos.system import ChaosSystem, wait_until

SLOW_S = 1.0
"""Delay in each direction: a call takes two seconds."""

ENDS_WITHIN_S = 60.0
"""A service whose disk is full ends by itself within this time."""

SAVED_WITHIN_S = 10.0
"""So long after the store came back empty, all states are in it again."""

Act = Callable[[ChaosSystem], None]


@dataclass(frozen=True, slots=True)
class Outage:
    """One kind of outage.

    Attributes:
        name: What happens.
        begin: Does it.
        end: Makes it good, as an operator would.
        proof: Done when it is good again, to show what else could be wrong.
    """

    name: str
    begin: Act
    end: Act
    proof: Act = lambda system: None


def all_outages() -> list[Outage]:
    """All of them, in the order in which they are tried."""
    return [
        Outage("broker away", lambda s: _kill(s, "kafka"), lambda s: _start(s, "kafka")),
        Outage("redis away", lambda s: _kill(s, "redis"), lambda s: _start(s, "redis")),
        Outage("both away", lambda s: _kill(s, "kafka", "redis"), lambda s: _start(s, "kafka", "redis")),
        Outage("redis back empty", lambda s: _kill(s, "redis"), _start_empty, _lose_narrators),
        Outage("broker's disk full", lambda s: _fill_disk(s, "kafka"), lambda s: _start(s, "kafka")),
        Outage("redis' disk full", lambda s: _fill_disk(s, "redis"), lambda s: _start(s, "redis")),
        Outage("redis' memory full", lambda s: _limit_memory(s, "1mb"), lambda s: _limit_memory(s, "0")),
        Outage("broker cut off", lambda s: s.kafka.cut(Cut.DROP), lambda s: s.kafka.restore()),
        Outage("redis cut off", lambda s: s.redis.cut(Cut.DROP), lambda s: s.redis.restore()),
        Outage("broker slow", lambda s: _delay(s.kafka, SLOW_S), lambda s: _delay(s.kafka, 0.0)),
    ]


def _kill(system: ChaosSystem, *names: str) -> None:
    for name in names:
        if pid := system.service_pid(name):
            os.kill(pid, signal.SIGKILL)
    if not wait_until(lambda: not any(map(system.service_pid, names)), ENDS_WITHIN_S):
        raise ServiceError(f"{', '.join(names)} can't be killed.")


def _start(system: ChaosSystem, *names: str) -> None:
    start_services(system.settings, names)


def _start_empty(system: ChaosSystem) -> None:
    shutil.rmtree(system.settings.state_dir / "redis" / "data")
    _start(system, "redis")


def _fill_disk(system: ChaosSystem, name: str) -> None:
    """No file of the service may grow any more: that is what a full disk is to it."""
    psutil.Process(system.service_pid(name)).rlimit(resource.RLIMIT_FSIZE, (1, 1))
    if not wait_until(lambda: not system.service_pid(name), ENDS_WITHIN_S):
        raise ServiceError(f"{name} goes on although it can't write.")


def _limit_memory(system: ChaosSystem, limit: str) -> None:
    (state,) = service_states(system.settings, ("redis",))
    client = redis.Redis(port=int(state.address.rpartition(":")[2]), socket_timeout=5.0)
    client.config_set("maxmemory", limit)
    client.close()


def _delay(proxy: TcpProxy, delay_s: float) -> None:
    proxy.delay_s = delay_s


def _lose_narrators(system: ChaosSystem) -> None:
    """Kill all narrators: what they remembered is in the store again, or it is gone."""
    time.sleep(SAVED_WITHIN_S)
    status = system.status()
    for actor in status.actors if status else ():
        if actor.kind == "narrator" and actor.pid:
            os.kill(actor.pid, signal.SIGKILL)
