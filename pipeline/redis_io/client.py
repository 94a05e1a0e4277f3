"""The one way to connect to Redis: every request has a deadline, and none is tried for ever."""

import threading
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import ConnectionPool, parse_url
from redis.exceptions import RedisClusterException
from redis.retry import Retry
from redis.sentinel import Sentinel

from pipeline.config import RedisSettings
from pipeline.errors import ConfigError
from pipeline.redis_io.address import FORMS, RedisAddress, RedisKind, parse_redis_url

REDIS_ERRORS = (redis.RedisError, RedisClusterException)
"""Redis refuses, or does not answer in time. redis-py keeps errors of clusters apart from all others."""

_SCAN_COUNT = 1000

CLUSTER_TRIES = 3
"""A node that has moved away costs one try, finding the new one another."""


class RedisClient:
    """Connects when it is first used, and again whenever that is needed. Thread-safe.

    A request fails after `redis.timeout_s` without an answer. A kept connection may have been cut since it
    was last used, so a failed request is tried once more on a new one: all in all a request ends within four
    times `redis.timeout_s`, and within one if Redis refuses or the host is not there.

    Args:
        settings: Which Redis.
        retries: Tries after the first.

    Raises:
        ConfigError: The URL is wrong.
    """

    def __init__(self, settings: RedisSettings, *, retries: int = 1) -> None:
        self.address: RedisAddress = parse_redis_url(settings.url)
        self._settings = settings
        self._retries = retries
        self._lock = threading.Lock()
        self._client: Any = None
        self._options = self._parse_options()

    @property
    def where(self) -> str:
        """Where it is, for messages."""
        return self.address.shown

    def commands(self) -> Any:
        """The client of redis-py, which has a method for every command.

        Raises:
            RedisClusterException: It is a cluster, and none of its nodes answers.
        """
        # A cluster is asked for its nodes when it is opened. If none answers, those who wait here fail, too,
        # instead of trying one after the other.
        if not self._lock.acquire(timeout=self._settings.timeout_s):
            raise redis.TimeoutError("nobody answers, another thread is still connecting")
        try:
            if self._client is None:
                self._client = self._open()
            return self._client
        finally:
            self._lock.release()

    def servers(self) -> list[redis.Redis]:
        """All servers that take writes, one by one: the masters of a cluster, or the only one.

        Raises:
            RedisClusterException: It is a cluster, and none of its nodes answers.
        """
        commands = self.commands()
        if not isinstance(commands, RedisCluster):
            return [commands]
        return [commands.get_redis_connection(node) for node in commands.get_primaries()]  # type: ignore[no-untyped-call]

    def server_of(self, key: str) -> redis.Redis:
        """The server that holds a key.

        Raises:
            RedisClusterException: It is a cluster, and none of its nodes answers.
        """
        commands = self.commands()
        if not isinstance(commands, RedisCluster):
            return commands  # type: ignore[no-any-return]
        return commands.get_redis_connection(commands.get_node_from_key(key))  # type: ignore[no-untyped-call]

    def scan(self, prefix: str) -> list[str]:
        """All keys that begin with a prefix.

        Raises:
            RedisError, RedisClusterException: Redis does not answer.
        """
        escaped = "".join(f"\\{c}" if c in "*?[]\\^" else c for c in prefix)
        found = self.commands().scan_iter(match=f"{escaped}*", count=_SCAN_COUNT)
        return [key.decode() for key in found]

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _parse_options(self) -> dict[str, Any]:
        """What redis-py is to know besides the address, of which it reads only one of a single server."""
        address = self.address
        host, port = address.nodes[0] if address.nodes else ("", 0)
        url = address.node_url(host, port) if address.nodes else f"unix://{address.path}?{address.query}"
        try:
            options: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise ConfigError(f"The Redis URL has a wrong option: {error}.", action=FORMS) from error
        if self._settings.password is not None:
            options["password"] = self._settings.password.get_secret_value()
        return {**options, **self._deadlines()}

    def _deadlines(self) -> dict[str, Any]:
        timeout_s = self._settings.timeout_s
        return {
            "socket_timeout": timeout_s,
            "socket_connect_timeout": timeout_s,
            "retry": Retry(NoBackoff(), self._retries),
        }

    def _open(self) -> Any:
        options = dict(self._options)
        if self.address.kind is RedisKind.SERVER:
            return redis.Redis.from_pool(ConnectionPool(**options))
        for key in ("host", "port", "connection_class"):
            options.pop(key, None)
        if self.address.tls:
            options["ssl"] = True
        return self._open_sentinel(options) if self.address.service else self._open_cluster(options)

    def _open_sentinel(self, options: dict[str, Any]) -> redis.Redis:
        password = self._settings.sentinel_password
        asking = {key: value for key, value in options.items() if key.startswith("ssl")}
        asking |= self._deadlines() | {"password": password and password.get_secret_value()}
        sentinel = Sentinel(self.address.nodes, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
        master: redis.Redis = sentinel.master_for(self.address.service, **options)  # type: ignore[no-untyped-call]
        return master

    def _open_cluster(self, options: dict[str, Any]) -> RedisCluster:
        options.pop("retry")
        nodes = [ClusterNode(*node) for node in self.address.nodes]  # type: ignore[no-untyped-call]
        return RedisCluster(startup_nodes=nodes, retry=Retry(NoBackoff(), CLUSTER_TRIES), **options)


def reason_of(error: Exception) -> str:
    """One line about an error of redis-py, which may tell all of a connection's settings."""
    line = next(iter(str(error).splitlines()), "").partition(" : <")[0].rstrip(".")
    return line[:200] or type(error).__name__
