"""Redis servers of a test's own: replicas, Sentinels, a cluster of one node."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException
from redis.retry import Retry

from tests.support.waiting import wait_until

START_DEADLINE_S = 10.0


def free_port() -> int:
    """A port for a server; below 50,000, because a cluster's bus listens on the port 10,000 above it."""
    for port in range(21_000, 31_000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if port not in _used:
                _used.add(port)
                return port
    raise AssertionError("no free port")


_used: set[int] = set()


class RedisServer:
    """A redis-server on loopback; its data stays when it is stopped and started again."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.port = free_port()
        self._folder = folder / f"redis-{self.port}"
        self._folder.mkdir()
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def client(self, password: str | None = None) -> redis.Redis:
        once = Retry(NoBackoff(), 0)
        return redis.Redis(port=self.port, password=password, socket_timeout=5, retry=once)

    def start(self) -> None:
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self._folder)]
        options += ["--save", "", "--repl-diskless-sync-delay", "0", *self._arguments]
        with (self._folder / "out.log").open("ab") as out:
            self._process = subprocess.Popen(["redis-server", *options], stdout=out, stderr=out)
        wait_for(self._answers)

    def _answers(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.AuthenticationError:
            return True

    def stop(self) -> None:
        """Kill it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class SentinelServer(RedisServer):
    """A Sentinel that watches one master and decides alone."""

    def __init__(self, folder: Path, master: RedisServer, *lines: str) -> None:
        self._master = master
        self._lines = lines
        super().__init__(folder)

    def start(self) -> None:
        config = self._folder / "sentinel.conf"
        if not config.exists():
            lines = [
                "bind 127.0.0.1",
                f"port {self.port}",
                f"dir {self._folder}",
                f"sentinel monitor main 127.0.0.1 {self._master.port} 1",
                "sentinel down-after-milliseconds main 500",
                "sentinel failover-timeout main 2000",
                *self._lines,
            ]
            config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        with (self._folder / "out.log").open("ab") as out:
            self._process = subprocess.Popen(
                ["redis-server", str(config), "--sentinel"], stdout=out, stderr=out
            )
        wait_for(self._answers)


class Servers:
    """Starts servers, and stops all of them at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()

    def __enter__(self) -> Servers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def server(self, *arguments: str) -> RedisServer:
        return self._keep(RedisServer(self._folder, *arguments))

    def replica(self, master: RedisServer, *arguments: str) -> RedisServer:
        """A server that has caught up with its master."""
        server = self.server("--replicaof", "127.0.0.1", str(master.port), *arguments)
        wait_for(lambda: server.client().info("replication")["master_link_status"] == "up")
        return server

    def sentinel(self, master: RedisServer, *lines: str) -> RedisServer:
        return self._keep(SentinelServer(self._folder, master, *lines))

    def cluster(self) -> RedisServer:
        """A cluster of one node that has all slots."""
        server = self.server("--cluster-enabled", "yes")
        client = server.client()
        client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        wait_for(lambda: b"cluster_state:ok" in client.execute_command("CLUSTER", "INFO"))
        return server

    def _keep(self, server: RedisServer) -> RedisServer:
        self._stack.callback(server.stop)
        return server


def wait_for(condition: Callable[[], object], deadline_s: float = START_DEADLINE_S) -> None:
    """Wait until a condition is true; errors of Redis count as not yet."""

    def holds() -> object:
        try:
            return condition()
        except (redis.RedisError, RedisClusterException):
            return False

    wait_until(holds, "Redis", deadline_s)
