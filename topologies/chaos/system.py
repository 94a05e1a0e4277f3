"""Kafka, Redis, Ray and the topology `live` of the chaos, with a network between them that can be cut."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pipeline.cluster.connection import connect, disconnect
from pipeline.cluster.local_head import NAME as RAY
from pipeline.cluster.local_head import start_head, stop_head
from pipeline.config import Settings
from pipeline.errors import ServiceError, TopologyError
from pipeline.kafka_io.admin import KafkaAdmin, create_all_topics
from pipeline.messages.status import RunStatus
from pipeline.services.local import service_states, start_services, stop_services
from pipeline.services.ports import choose_port, is_free
from pipeline.wire.topics import TopicNames
from topologies import live
from topologies.chaos.proxy import TcpProxy
from topologies.chaos.settings import behind_proxies, calm_settings

Say = Callable[[str], None]

COMMIT_DEADLINE_S = 900.0
"""For everything that was published to be committed: longer than twenty minutes of it take."""

POLL_S = 0.5


@dataclass(slots=True)
class ChaosSystem:
    """A running system.

    Attributes:
        settings: Its settings, the proxies' addresses included.
        run: The topology.
        kafka: The network between all and Kafka.
        redis: The network between all and Redis.
    """

    settings: Settings
    run: live.LiveRun
    kafka: TcpProxy
    redis: TcpProxy

    def status(self) -> RunStatus | None:
        """What the supervisor says; None while there is none that answers."""
        try:
            return self.run.status()
        except TopologyError:
            return None

    def service_pid(self, name: str) -> int:
        """Process of a service; 0 if it does not run."""
        return service_states(self.settings, (name,))[0].pid or 0

    def restart_service(self, name: str) -> None:
        """Kill a service with SIGKILL, and start it again with its data, on its port.

        Raises:
            ServiceError: It does not come up again.
        """
        before = service_states(self.settings, (name,))[0]
        if before.pid:
            os.kill(before.pid, signal.SIGKILL)
            port = int(before.address.rpartition(":")[2])
            # A killed process of many threads lets go of its sockets some time after it counts as ended.
            wait_until(lambda: not service_states(self.settings, (name,))[0].running and is_free(port), 10.0)
        after = start_services(self.settings, (name,))[0]
        if before.address and after.address != before.address:
            raise ServiceError(f"{name} came up at {after.address} instead of {before.address}.")

    def wait_until_committed(self, settings: Settings, say: Say) -> None:
        """Wait until everything that was published is committed; all streams must have ended.

        Raises:
            TopologyError: It is not in time.
        """
        names, partitions = TopicNames.of(settings.kafka.prefix), settings.kafka.partitions
        with KafkaAdmin(settings.kafka) as admin:
            ends = admin.end_offsets(names.frames, partitions)
        told_s = began_s = time.monotonic()
        while True:
            status = self.status()
            rows = status.partitions if status else ()
            left = sum(max(0, ends[row.partition] - max(0, row.committed_position)) for row in rows)
            if rows and not left:
                return
            if time.monotonic() - began_s > COMMIT_DEADLINE_S:
                detail = "\n".join(f"  {row}" for row in rows)
                raise TopologyError(
                    f"{left} records are not committed in time; the ends are {ends}.\n{detail}"
                )
            if time.monotonic() - told_s > 30.0:
                told_s = time.monotonic()
                say(f"{left} records are not committed yet")
            time.sleep(POLL_S)

    def drain(self) -> str:
        """Stop the topology; returns what was left undone, "" if nothing was."""
        return live.stop(self.settings, self.run)

    def start_calm(self) -> Settings:
        """Start a second topology, on topics of its own, in place of the first; returns its settings.

        Raises:
            FlowNarError: It can't be started.
        """
        settings = calm_settings(self.settings)
        create_all_topics(settings)
        self.settings = settings
        self.run = live.start(settings, replace=True)
        self.run.wait_until_ready()
        return settings


@contextmanager
def running_system(settings: Settings, say: Say) -> Iterator[ChaosSystem]:
    """Start everything, with empty topics, and end it again with all its data.

    Raises:
        FlowNarError: Something can't be started; what had started is stopped then.
    """
    # What an interrupted run may have left, its data included.
    _stop(settings)
    broker_port = choose_port(0)
    redis_port = choose_port(0, avoid=frozenset({broker_port}))
    with ExitStack() as stack:
        stack.callback(_stop, settings)
        kafka, redis = (stack.enter_context(TcpProxy(port)) for port in (broker_port, redis_port))
        # Whatever else runs here starts and restarts a Kafka, too, which may want the usual port for it.
        services = settings.services.model_copy(update={"redis_port": redis_port, "controller_port": 0})
        settings = settings.model_copy(update={"services": services})
        settings = behind_proxies(settings, broker_port, kafka.port, redis.port)
        say("starting Kafka, Redis and Ray")
        with ThreadPoolExecutor(2) as pool:
            starting_ray = pool.submit(start_head, settings)
            pool.submit(start_services, settings).result()
            create_all_topics(settings)
            starting_ray.result()
        live_settings = settings.live
        say(
            f"starting the topology live: {live_settings.num_readers} readers, "
            f"{live_settings.num_encoders} encoders, {live_settings.num_narrators} narrators"
        )
        connect(settings, start_local=True)
        run = live.start(settings, replace=True)
        run.wait_until_ready()
        yield ChaosSystem(settings, run, kafka, redis)


def wait_until(holds: Callable[[], bool], deadline_s: float) -> bool:
    """Wait for a condition; say whether it came in time."""
    deadline = time.monotonic() + deadline_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _stop(settings: Settings) -> None:
    """End everything of the state folder, and remove that."""
    disconnect()
    stop_head(settings)
    stop_services(settings, volumes=True)
    # Where the folder's path is too long for Ray's sockets, a shorter one stands for a part of it.
    short = settings.state_dir / RAY / "short_tmp"
    if short.exists():
        shutil.rmtree(short.read_text(encoding="utf-8"), ignore_errors=True)
    shutil.rmtree(settings.state_dir, ignore_errors=True)
