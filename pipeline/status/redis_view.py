"""What Redis says about itself."""

from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from pipeline.config import RedisSettings
from pipeline.errors import StateStoreError
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


POLICY_KEYS = ("appendonly", "appendfsync", "maxmemory-policy")


def read_redis_view(settings: RedisSettings) -> RedisView:
    """Ask Redis.

    Raises:
        StateStoreError: It can't be reached, refuses, or does not answer in time.
    """
    client: Any = redis.Redis.from_url(
        settings.url,
        password=settings.password and settings.password.get_secret_value(),
        socket_timeout=settings.timeout_s,
        socket_connect_timeout=settings.timeout_s,
        decode_responses=True,
        # Whoever looks at the status can look again: no retries, and so no waiting between them.
        retry=Retry(NoBackoff(), 0),
    )
    try:
        info = client.info()
        seconds, microseconds = client.time()
        return RedisView(
            url=redact_url(settings.url),
            version=info["redis_version"],
            keys=client.dbsize(),
            memory_bytes=info["used_memory"],
            time_s=int(seconds) + int(microseconds) / 1e6,
            policy=_policy(client),
        )
    except redis.RedisError as error:
        raise StateStoreError(
            f"Redis at {redact_url(settings.url)} does not answer: {str(error).rstrip('.')}.",
            action="Start one with `flownar up`, or set redis.url.",
        ) from error
    finally:
        client.close()


def _policy(client: Any) -> dict[str, str]:
    try:
        return {key: client.config_get(key).get(key, "") for key in POLICY_KEYS}
    except redis.ResponseError:
        # Hosted servers often forbid CONFIG.
        return {}
