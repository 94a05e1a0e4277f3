"""A Ray cluster of one node on this machine: it listens on loopback only and outlives the command.

`ray start --head --block` runs as a process of its own; its record (pid, start time, port) is in
`<state folder>/ray/`, so that later commands find it and `stop_head` ends exactly what was started.
"""

import functools
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

import psutil

from pipeline.config import Settings
from pipeline.services.folder_lock import folder_lock
from pipeline.services.ports import HOST, choose_port
from pipeline.services.process import ProcessRecord, find, load_record, save_record, spawn, stop
from pipeline.services.readiness import wait_until_ready

NAME = "ray"

START_DEADLINE_S = 120.0
"""Ten to twenty seconds on two idle cores."""

STOP_DEADLINE_S = 40.0
"""Ray gives its node up to 30 s to drain."""

OBJECT_STORE_BYTES = 512 * 1024 * 1024
"""Frames and features in flight; the credits bound them far below this."""

_LOCK_DEADLINE_S = START_DEADLINE_S + 10.0
_PREFERRED_PORT = 6379 + 10_000
_MAX_SOCKET_DIR_CHARS = 40
"""Ray appends up to 65 characters, and the path of a Unix socket may have 107."""

_STARTED = b"Ray runtime started"


def head_variables(settings: Settings) -> dict[str, str]:
    """Environment of everything that talks to this cluster.

    The first keeps Ray on loopback (it replaces 127.0.0.1 by the machine's address otherwise); the next ones
    ask for a token, because any user of the machine can reach its ports. The last one keeps the head from
    remembering the last hundred thousand calls, which are made within minutes and take 100 MB.
    """
    return {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(_folder(settings) / "auth_token"),
        "RAY_task_events_report_interval_ms": "0",
    }


def find_head(settings: Settings) -> str | None:
    """Address of the running cluster of this state folder, or None."""
    record = load_record(_folder(settings) / "process.json")
    return None if record is None or find(record) is None else f"{HOST}:{record.port}"


def start_head(settings: Settings) -> str:
    """Start the cluster unless it runs, and wait until it takes work; returns its address.

    Raises:
        ServiceError: It can't be started; the message has the end of its log.
    """
    folder = _folder(settings)
    with folder_lock(folder, _LOCK_DEADLINE_S):
        out_file = folder / "ray.out"
        record = load_record(folder / "process.json")
        if record is None or find(record) is None:
            record = _spawn(settings, folder, out_file)
            save_record(record, folder / "process.json")
        wait_until_ready(record, lambda _: _STARTED in out_file.read_bytes(), START_DEADLINE_S, out_file)
        return f"{HOST}:{record.port}"


def stop_head(settings: Settings) -> bool:
    """Stop the cluster of this state folder with all that runs on it; False if none ran."""
    folder = _folder(settings)
    with folder_lock(folder, _LOCK_DEADLINE_S):
        record = load_record(folder / "process.json")
        if record is None:
            return False
        process = find(record)
        family = [] if process is None else process.children(recursive=True)
        stop(record, STOP_DEADLINE_S)
        (folder / "process.json").unlink()
        # What Ray left behind, were it killed.
        _, alive = psutil.wait_procs(family, timeout=5.0)
        for child in alive:
            child.kill()
        return process is not None


def _folder(settings: Settings) -> Path:
    return settings.state_dir / NAME


def _spawn(settings: Settings, folder: Path, out_file: Path) -> ProcessRecord:
    token = folder / "auth_token"
    if not token.exists():
        token.touch(mode=0o600)
        token.write_text(_new_token(), encoding="ascii")
    out_file.unlink(missing_ok=True)
    temp_dir = _temp_dir(folder)
    # Nothing runs here now; the logs of former sessions would grow without end.
    for session in temp_dir.glob("session_*"):
        session.unlink() if session.is_symlink() else shutil.rmtree(session, ignore_errors=True)
    port = choose_port(_PREFERRED_PORT)
    client_port = choose_port(0, avoid=frozenset({port}))
    agent_port = choose_port(0, avoid=frozenset({port, client_port}))
    options = {
        "port": port,
        "ray-client-server-port": client_port,
        "dashboard-agent-listen-port": agent_port,
        "min-worker-port": 0,
        "max-worker-port": 0,
        "include-dashboard": "false",
        "include-log-monitor": "false",
        "object-store-memory": OBJECT_STORE_BYTES,
        "temp-dir": temp_dir,
    }
    # Ray makes its workers polite; here they are what the machine is for.
    variables = {**head_variables(settings), "RAY_worker_niceness": "0"}
    argv = [
        *("env", *(f"{name}={value}" for name, value in variables.items())),
        *(sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"),
        *("--no-monitor", "--disable-usage-stats"),
        *(f"--{name}={value}" for name, value in options.items()),
    ]
    return spawn(NAME, argv, port=port, log_file=out_file, out_file=out_file)


@functools.cache
def _new_token() -> str:
    """One for all clusters that this process starts: Ray reads it once in the life of a process."""
    return secrets.token_hex(32)


def _temp_dir(folder: Path) -> Path:
    """Where Ray puts logs and sockets: in the state folder, or in a short one that stands for it."""
    wanted = folder / "tmp"
    if len(str(wanted)) <= _MAX_SOCKET_DIR_CHARS:
        return wanted
    short = folder / "short_tmp"
    if not short.exists():
        short.write_text(tempfile.mkdtemp(prefix="flownar-ray-"), encoding="utf-8")
    return Path(short.read_text(encoding="utf-8"))
