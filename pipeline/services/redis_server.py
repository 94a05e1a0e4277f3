"""The local Redis: append-only file, every write on disk before it is acknowledged."""

import socket
from pathlib import Path

from pipeline.config import Settings
from pipeline.services.ports import HOST, choose_port
from pipeline.services.process import ProcessRecord, spawn
from pipeline.services.programs import require
from pipeline.settings.models import REPO_ROOT

NAME = "redis"
CONFIG = REPO_ROOT / "infra" / "redis" / "redis.conf"


def start_redis(settings: Settings, folder: Path) -> ProcessRecord:
    """Start a Redis whose data and log are in `folder`; it may not answer yet.

    Raises:
        ServiceError: redis-server is missing.
    """
    program = require("redis-server")
    port = choose_port(settings.services.redis_port)
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    log_file = folder / "redis.log"
    argv = [program, str(CONFIG), "--port", str(port), "--dir", str(data), "--logfile", str(log_file)]
    return spawn(NAME, argv, port=port, log_file=log_file, out_file=folder / "redis.out")


def redis_answers(port: int) -> bool:
    """Whether Redis has read its append-only file and serves."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
