"""Kafka and Redis go away, in every way there is, while a pipeline runs: it waits and goes on by itself."""

from __future__ import annotations

import logging
import os
import resource
import secrets
import signal
import time
from collections.abc import Iterator

import psutil
import pytest
import redis

from pipeline.config import CommitSettings, KafkaSettings, RedisSettings, ServicesSettings, Settings
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.services.local import service_states, start_services, stop_services
from pipeline.services.ports import HOST, choose_port
from pipeline.wire.topics import topic_specs
from tests.support.toy_pipeline import ToyPipeline
from tests.support.waiting import wait_until
from topologies.chaos.proxy import Cut, TcpProxy

BACK_S = 20.0
"""At most so long after the last service is back, something is narrated again, on a busy machine."""


class System:
    """A Kafka and a Redis of the module's own, each behind a proxy."""

    def __init__(self, local: Settings) -> None:
        self.local = local
        self.kafka_proxy = TcpProxy(local.services.kafka_port)
        self.redis_proxy = TcpProxy(local.services.redis_port)
        services = local.services.model_copy(update={"kafka_advertised": f"{HOST}:{self.kafka_proxy.port}"})
        self.local = local.model_copy(update={"services": services})
        self.start()

    def start(self, *names: str) -> None:
        start_services(self.local, names or ("kafka", "redis"))

    def pid(self, name: str) -> int:
        (state,) = service_states(self.local, (name,))
        assert state.pid is not None
        return state.pid

    def kill(self, name: str) -> None:
        os.kill(self.pid(name), signal.SIGKILL)

    def has_ended(self, name: str) -> bool:
        return not service_states(self.local, (name,))[0].running

    def redis(self) -> redis.Redis:
        return redis.Redis(port=self.local.services.redis_port, db=self._db)

    def new_settings(self) -> Settings:
        name = f"t{secrets.token_hex(4)}"
        kafka = KafkaSettings(
            bootstrap_servers=f"{HOST}:{self.kafka_proxy.port}",
            prefix=f"{name}.",
            application=name,
            partitions=1,
        )
        self._db = int(name[1:3], 16) % 200 + 1
        redis_settings = RedisSettings(url=f"redis://{HOST}:{self.redis_proxy.port}/{self._db}", timeout_s=2)
        commit = CommitSettings(
            interval_ms=100, snapshot_every_segments=2, commit_deadline_s=3, takeover_deadline_s=20
        )
        settings = self.local.model_copy(update={"kafka": kafka, "redis": redis_settings, "commit": commit})
        with KafkaAdmin(kafka) as admin:
            admin.create_topics(topic_specs(kafka, settings.frames))
        return settings

    def close(self) -> None:
        for proxy in (self.kafka_proxy, self.redis_proxy):
            proxy.close()
        stop_services(self.local)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    kafka_port = choose_port(0)
    services = ServicesSettings(
        kafka_port=kafka_port,
        controller_port=choose_port(0, avoid=frozenset({kafka_port})),
        redis_port=choose_port(0, avoid=frozenset({kafka_port})),
    )
    system = System(Settings(state_dir=tmp_path_factory.mktemp("outages"), services=services))
    yield system
    system.close()


@pytest.fixture(autouse=True)
def quiet_clients(caplog: pytest.LogCaptureFixture) -> None:
    """As in the actors: the clients tell every try."""
    caplog.set_level(logging.CRITICAL, logger="kafka")


@pytest.fixture
def pipeline(system: System) -> Iterator[ToyPipeline]:
    pipeline = ToyPipeline(system.new_settings())
    pipeline.narrates_again(BACK_S)
    yield pipeline
    pipeline.camera.stop.set()
    pipeline.owner.stop.set()


def has_blobs(system: System) -> bool:
    return bool(system.redis().keys("*:blob:*"))


def test_a_broker_that_is_killed_and_started_again(system: System, pipeline: ToyPipeline) -> None:
    system.kill("kafka")
    # The outage itself: long enough that every client has tried and failed.
    time.sleep(3)
    system.start("kafka")
    pipeline.narrates_again(BACK_S)
    assert pipeline.end() > 10


@pytest.mark.parametrize("cut", list(Cut))
def test_a_network_that_is_cut_before_the_broker(system: System, pipeline: ToyPipeline, cut: Cut) -> None:
    system.kafka_proxy.cut(cut)
    # Longer than a commit may take: if one was under way, its producer is thrown away.
    time.sleep(4)
    system.kafka_proxy.restore()
    pipeline.narrates_again(BACK_S)
    pipeline.end()


def test_a_redis_that_is_away_holds_up_no_narration(system: System, pipeline: ToyPipeline) -> None:
    wait_until(lambda: has_blobs(system), "a stored state", BACK_S)
    system.kill("redis")
    wait_until(lambda: pipeline.owner.store.dependency().state == "down", "the store to be down", BACK_S)
    for _ in range(3):
        assert pipeline.narrates_again(BACK_S) < 3
    system.start("redis")
    wait_until(lambda: pipeline.owner.store.dependency().state == "up", "the store to be up", BACK_S)
    pipeline.end()
    assert pipeline.owner.lost == []


def test_a_redis_that_answers_nothing_holds_up_no_narration(system: System, pipeline: ToyPipeline) -> None:
    system.redis_proxy.cut(Cut.DROP)
    wait_until(lambda: pipeline.owner.store.dependency().state == "down", "the store to be down", BACK_S)
    for _ in range(3):
        assert pipeline.narrates_again(BACK_S) < 3
    system.redis_proxy.restore()
    wait_until(lambda: pipeline.owner.store.dependency().state == "up", "the store to be up", BACK_S)
    pipeline.end()
    assert pipeline.owner.lost == []


def test_both_away_at_once(system: System, pipeline: ToyPipeline) -> None:
    wait_until(lambda: has_blobs(system), "a stored state", BACK_S)
    system.kill("kafka")
    system.kill("redis")
    # The outage itself: long enough that every client has tried and failed.
    time.sleep(3)
    system.start()
    pipeline.narrates_again(BACK_S)
    pipeline.end()


def test_a_redis_that_comes_back_empty_gets_the_states_again(system: System, pipeline: ToyPipeline) -> None:
    wait_until(lambda: has_blobs(system), "a stored state", BACK_S)
    pipeline.camera.stop.set()
    pipeline.camera.join(30)
    system.redis().flushdb()
    wait_until(lambda: has_blobs(system), "a stored state", BACK_S)
    # The next owner goes on from them.
    old = pipeline.owner
    pipeline.owner = type(old)(pipeline.settings)
    old.stop.set()
    old.join(30)
    pipeline.owner.start()
    pipeline.end()


def test_a_full_redis_and_then_room_again(system: System, pipeline: ToyPipeline) -> None:
    wait_until(lambda: has_blobs(system), "a stored state", BACK_S)
    system.redis().config_set("maxmemory", "1mb")
    wait_until(lambda: pipeline.owner.store.dependency().state == "down", "the store to be down", BACK_S)
    assert "maxmemory" in pipeline.owner.store.dependency().reason
    assert pipeline.narrates_again(BACK_S) < 3
    system.redis().config_set("maxmemory", "0")
    wait_until(lambda: pipeline.owner.store.dependency().state == "up", "the store to be up", BACK_S)
    pipeline.end()
    assert pipeline.owner.lost == []


@pytest.mark.parametrize("name", ["kafka", "redis"])
def test_a_full_disk_and_then_room_again(system: System, pipeline: ToyPipeline, name: str) -> None:
    """A service whose disk is full ends by itself; somebody makes room and starts it again."""
    wait_until(lambda: has_blobs(system), "a stored state", BACK_S)
    pid = system.pid(name)
    psutil.Process(pid).rlimit(resource.RLIMIT_FSIZE, (1, 1))
    wait_until(lambda: system.has_ended(name), f"the end of {name}", BACK_S)
    system.start(name)
    pipeline.narrates_again(BACK_S)
    pipeline.end()


def test_a_slow_broker_makes_narrations_late_and_nothing_else(system: System, pipeline: ToyPipeline) -> None:
    system.kafka_proxy.delay_s = 0.2
    try:
        pipeline.narrates_again(BACK_S)
        pipeline.narrates_again(BACK_S)
    finally:
        system.kafka_proxy.delay_s = 0.0
    pipeline.end()
