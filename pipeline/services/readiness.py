"""Waiting until a started service answers."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

from pipeline.errors import ServiceError
from pipeline.services.ports import HOST
from pipeline.services.process import ProcessRecord, find

_POLL_S = 0.05
_TAIL_LINES = 15


def wait_until_ready(
    record: ProcessRecord, answers: Callable[[int], bool], deadline_s: float, out_file: Path
) -> None:
    """Wait until a service answers on its port.

    Args:
        record: The started process.
        answers: Tries the port once, quickly; False if there is no answer yet.
        deadline_s: How long to wait.
        out_file: Where the process's standard output goes, for the error.

    Raises:
        ServiceError: It ended, or did not answer in time; the message has the end of its log.
    """
    deadline = time.monotonic() + deadline_s
    while True:
        alive = find(record) is not None
        if alive and answers(record.port):
            return
        if not alive:
            raise _not_ready(record, "ended before it answered", out_file)
        if time.monotonic() > deadline:
            raise _not_ready(
                record, f"did not answer on port {record.port} within {deadline_s:g} s", out_file
            )
        time.sleep(_POLL_S)


def accepts_connections(port: int) -> bool:
    """Whether something listens on the port."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False


def _not_ready(record: ProcessRecord, what: str, out_file: Path) -> ServiceError:
    tail = [line for path in (out_file, Path(record.log_file)) for line in _tail(path)]
    log = "\n    ".join(tail) or "(its log is empty)"
    return ServiceError(
        f"{record.name} (pid {record.pid}) {what}. The end of its log:\n    {log}",
        action=f"The whole log: {record.log_file}",
    )


def _tail(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [line[:300] for line in lines[-_TAIL_LINES:]]
