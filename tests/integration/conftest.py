"""A real Kafka and Redis for all integration tests, started once on free ports in a temporary folder."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator

import pytest

from pipeline.config import KafkaSettings, RedisSettings, ServicesSettings, Settings
from pipeline.kafka_io.admin import create_all_topics
from pipeline.services.local import start_services, stop_services

ANY_PORT = ServicesSettings(kafka_port=0, controller_port=0, redis_port=0)

_redis_databases = itertools.count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything below this folder as integration tests."""
    for item in items:
        if "tests/integration/" in item.path.as_posix():
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def service_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings with the addresses of a running Kafka and Redis."""
    local = Settings(state_dir=tmp_path_factory.mktemp("services"), services=ANY_PORT)
    try:
        address = {state.name: state.address for state in start_services(local)}
        kafka = KafkaSettings(bootstrap_servers=address["kafka"])
        redis = RedisSettings(url=f"redis://{address['redis']}/0")
        yield local.model_copy(update={"kafka": kafka, "redis": redis})
    finally:
        stop_services(local)


@pytest.fixture(scope="session")
def kafka_settings(service_settings: Settings) -> KafkaSettings:
    """The running Kafka, with the default prefix (and no topics)."""
    return service_settings.kafka


@pytest.fixture(scope="session")
def redis_settings(service_settings: Settings) -> RedisSettings:
    """The running Redis, database 0."""
    return service_settings.redis


@pytest.fixture(scope="session")
def new_settings(service_settings: Settings) -> Callable[..., Settings]:
    """Function that makes settings with a prefix, an application and a Redis database of their own.

    `new_settings(partitions=2, topics=True)` creates all topics, too.
    """

    def make(*, partitions: int = 4, topics: bool = True) -> Settings:
        name = f"t{secrets.token_hex(4)}"
        kafka = service_settings.kafka.model_copy(
            update={"prefix": f"{name}.", "application": name, "partitions": partitions}
        )
        server = service_settings.redis.url.rpartition("/")[0]
        redis = service_settings.redis.model_copy(update={"url": f"{server}/{next(_redis_databases)}"})
        settings = service_settings.model_copy(update={"kafka": kafka, "redis": redis})
        if topics:
            create_all_topics(settings)
        return settings

    return make


@pytest.fixture(scope="module")
def fresh_settings(new_settings: Callable[..., Settings]) -> Settings:
    """Settings of this test module alone, with its topics created."""
    return new_settings()
