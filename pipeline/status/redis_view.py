"""What Redis says about itself."""

from dataclasses import dataclass
from typing import Any

from pipeline.config import RedisSettings
from pipeline.errors import StateStoreError
from pipeline.redis_io.client import REDIS_ERRORS, RedisClient, reason_of
from pipeline.redis_io.policy import read_policy
from pipeline.settings.show import redact_url


@dataclass(frozen=True, slots=True)
class RedisView:
    """A Redis server.

    Attributes:
        url: Its URL, without a password.
        version: Its version.
        keys: Keys in the database.
        memory_bytes: Memory of its data.
        time_s: Its clock, Unix seconds.
        policy: Settings that decide whether an acknowledged blob can get lost; empty if it does not tell.
    """

    url: str
    version: str
    keys: int
    memory_bytes: int
    time_s: float
    policy: dict[str, str]


def read_redis_view(settings: RedisSettings) -> RedisView:
    """Ask Redis.

    Raises:
        ConfigError: The URL is wrong.
        StateStoreError: It can't be reached, refuses, or does not answer in time.
    """
    # Whoever looks at the status can look again: no retries, and so no waiting between them.
    client = RedisClient(settings, retries=0)
    try:
        servers = client.servers()
        infos: list[Any] = [server.info() for server in servers]
        seconds, microseconds = servers[0].time()
        return RedisView(
            url=redact_url(settings.url),
            version=str(infos[0]["redis_version"]),
            keys=sum(int(server.dbsize()) for server in servers),
            memory_bytes=sum(int(info["used_memory"]) for info in infos),
            time_s=int(seconds) + int(microseconds) / 1e6,
            policy=read_policy(client) or {},
        )
    except REDIS_ERRORS as error:
        raise StateStoreError(
            f"Redis at {client.where} does not answer: {reason_of(error)}.",
            action="Start one with `flownar up`, or set redis.url.",
        ) from error
    finally:
        client.close()
