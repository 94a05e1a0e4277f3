"""Processes that outlive the command that started them, remembered by pid and start time."""

import json
import logging
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from pipeline.errors import ServiceError

_log = logging.getLogger(__name__)

KILL_DEADLINE_S = 5.0
"""Time for a killed process to be gone: the kernel may have to write its pages first."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_started: dict[int, subprocess.Popen[bytes]] = {}
"""Processes that this process started: as long as it lives, it must reap them."""


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """What must be known to find a process again, and to be sure that it is the same one.

    Attributes:
        name: Name of the service.
        pid: Process id.
        start: When the process started, in a form that no change of the clock moves (`start_of`).
        port: Port that it listens on.
        log_file: Where it writes its log.
        archive: File that it writes when it ends and that is to be kept under the name without `.new`; or "".
    """

    name: str
    pid: int
    start: str
    port: int
    log_file: str
    archive: str = ""


def spawn(
    name: str, argv: Sequence[str], *, port: int, log_file: Path, out_file: Path, archive: str = ""
) -> ProcessRecord:
    """Start a process that goes on when this one ends and does not see its Ctrl-C.

    Args:
        name: Name of the service.
        argv: Program and arguments.
        port: Port that it will listen on.
        log_file: Where it writes its log.
        out_file: Where its standard output and error go.
        archive: See ProcessRecord.
    """
    with out_file.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603
            list(argv), stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    _started[process.pid] = process
    return ProcessRecord(name, process.pid, start_of(process.pid), port, str(log_file), archive)


def start_of(pid: int) -> str:
    """When a process started: boot id and clock ticks since boot on Linux, Unix seconds elsewhere.

    Unix seconds would be wrong on Linux: they are computed from the wall clock, which may be set meanwhile.

    Raises:
        psutil.NoSuchProcess: There is no such process.
    """
    if not _BOOT_ID.exists():
        return str(psutil.Process(pid).create_time())
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError) as error:
        raise psutil.NoSuchProcess(pid) from error
    # The second field, the program's name, may hold blanks and parentheses; `starttime` is the 22nd.
    ticks = stat.rpartition(")")[2].split()[19]
    return f"{_BOOT_ID.read_text(encoding='ascii').strip()}/{ticks}"


def find(record: ProcessRecord) -> psutil.Process | None:
    """The recorded process if it still runs, None if it ended or its pid belongs to another one now."""
    try:
        if start_of(record.pid) != record.start:
            return None
        process = psutil.Process(record.pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return process
        _reap(record.pid)
        return None
    except psutil.NoSuchProcess:
        return None


def stop(record: ProcessRecord, deadline_s: float) -> bool:
    """End the recorded process: ask it, and kill it if it takes longer than `deadline_s`.

    Returns:
        True if it ended by itself (or had ended before), False if it was killed.

    Raises:
        ServiceError: It is still there after it was killed.
    """
    process = find(record)
    if process is None:
        return True
    gracefully = True
    try:
        process.terminate()
        try:
            process.wait(deadline_s)
        except psutil.TimeoutExpired:
            _log.warning(
                "%s (pid %d) did not end within %g s: killing it", record.name, record.pid, deadline_s
            )
            gracefully = False
            process.kill()
            process.wait(KILL_DEADLINE_S)
    except psutil.NoSuchProcess:
        pass
    except psutil.TimeoutExpired as error:
        raise ServiceError(
            f"{record.name} (pid {record.pid}) can't be killed.", action="Look at it with: ps -fp PID"
        ) from error
    finally:
        _reap(record.pid)
    return gracefully


def _reap(pid: int) -> None:
    """Take note of the end of a process that this one started."""
    if (child := _started.get(pid)) is not None and child.poll() is not None:
        del _started[pid]


def save_record(record: ProcessRecord, path: Path) -> None:
    """Write a record so that it is there as a whole or not at all."""
    temporary = path.with_suffix(f".{time.monotonic_ns()}")
    temporary.write_text(json.dumps(asdict(record), indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def load_record(path: Path) -> ProcessRecord | None:
    """The record in a file, or None if there is none or it can't be understood."""
    try:
        return ProcessRecord(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        _log.warning("%s is not a process record and is ignored: %s", path, error)
        return None
