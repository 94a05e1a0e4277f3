"""Start, stop and describe the local services. State is under one folder:

`<state folder>/<service>/` holds the service's `process.json`, settings, logs and `data/`;
`<state folder>/addresses.toml` the addresses, as a settings file.
"""

import shutil
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from pipeline.config import Settings
from pipeline.errors import ServiceError
from pipeline.services import kafka_broker, redis_server
from pipeline.services.folder_lock import folder_lock
from pipeline.services.ports import HOST, wait_until_free
from pipeline.services.process import ProcessRecord, find, load_record, save_record, stop
from pipeline.services.readiness import wait_until_ready
from pipeline.settings.resolve import ADDRESSES_FILE

_LOCK_DEADLINE_S = 120.0
"""How long a second `up` or `down` waits for the first: longer than a start may take."""

PORT_DEADLINE_S = 2.0
"""A port that is not free after that belongs to somebody else."""


@dataclass(frozen=True, slots=True)
class _Kind:
    start: Callable[[Settings, Path], ProcessRecord]
    answers: Callable[[int], bool]
    out_file: str


_KINDS = {
    kafka_broker.NAME: _Kind(kafka_broker.start_kafka, kafka_broker.kafka_answers, "broker.out"),
    redis_server.NAME: _Kind(redis_server.start_redis, redis_server.redis_answers, "redis.out"),
}

SERVICES = tuple(_KINDS)
"""Names of the local services."""


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What a local service does now.

    Attributes:
        name: Name of the service.
        running: It runs.
        was_running: It ran before the call that returned this.
        pid: Its process, or None.
        address: host:port, or "".
        uptime_s: Seconds since it started.
        memory_bytes: Resident memory.
        log_file: Its log.
        folder: Its folder.
    """

    name: str
    running: bool
    was_running: bool
    folder: Path
    pid: int | None = None
    address: str = ""
    uptime_s: float = 0.0
    memory_bytes: int = 0
    log_file: str = ""


def start_services(
    settings: Settings,
    names: Sequence[str] = SERVICES,
    *,
    wait_for_answer: bool = True,
    on_progress: Callable[[str], None] = lambda _: None,
) -> tuple[ServiceState, ...]:
    """Start the services that do not run, all at once, and write their addresses.

    Args:
        settings: `state_dir`, `cache_dir` and `services` count.
        names: Which ones.
        wait_for_answer: Return only when they answer.
        on_progress: Called with a line of text from several threads.

    Raises:
        ServiceError: One can't be started; others go on running, `stop_services` ends them.
    """
    with _lock(settings), ThreadPoolExecutor(len(_KINDS)) as pool:
        starts = [pool.submit(_start, settings, name, wait_for_answer, on_progress) for name in names]
        wait(starts)
        # Also when one failed: the others run.
        _write_addresses(settings)
        return tuple(start.result() for start in starts)


def stop_services(
    settings: Settings, *, volumes: bool = False, names: Sequence[str] = SERVICES
) -> tuple[ServiceState, ...]:
    """Stop the services that `start_services` started with this state folder, and nothing else.

    Args:
        settings: `state_dir` and `services` count.
        volumes: Also remove their data and logs.
        names: Which ones.

    Raises:
        ServiceError: One can't be stopped.
    """
    with _lock(settings), ThreadPoolExecutor(len(_KINDS)) as pool:
        stops = [pool.submit(_stop, settings, name, volumes) for name in names]
        wait(stops)
        _write_addresses(settings)
        return tuple(done.result() for done in stops)


def service_states(settings: Settings, names: Sequence[str] = SERVICES) -> tuple[ServiceState, ...]:
    """What the local services of this state folder do now."""
    return tuple(_state(settings, name) for name in names)


def _start(
    settings: Settings, name: str, wait_for_answer: bool, on_progress: Callable[[str], None]
) -> ServiceState:
    kind, folder = _KINDS[name], settings.state_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    record = load_record(folder / "process.json")
    if record is not None and find(record) is not None:
        try:
            if wait_for_answer:
                _wait(settings, record, kind, folder)
            return _state(settings, name, was_running=True)
        except ServiceError:
            # It was ending just then, for example because it had been killed the moment before.
            if find(record) is not None:
                raise
    if record is not None:
        # The threads of a process that was killed end one by one, and the last one gives its port back.
        wait_until_free(record.port, PORT_DEADLINE_S)
    on_progress(f"starting {name}")
    record = kind.start(settings, folder)
    save_record(record, folder / "process.json")
    if wait_for_answer:
        _wait(settings, record, kind, folder)
    return _state(settings, name, was_running=False)


def _wait(settings: Settings, record: ProcessRecord, kind: _Kind, folder: Path) -> None:
    wait_until_ready(record, kind.answers, settings.services.start_deadline_s, folder / kind.out_file)


def _stop(settings: Settings, name: str, volumes: bool) -> ServiceState:
    folder = settings.state_dir / name
    state = _state(settings, name)
    record = load_record(folder / "process.json")
    if record is not None:
        gracefully = stop(record, settings.services.stop_deadline_s)
        kafka_broker.keep_class_archive(record, complete=gracefully and state.running)
        (folder / "process.json").unlink()
    if volumes:
        shutil.rmtree(folder, ignore_errors=True)
    return ServiceState(name, running=False, was_running=state.running, folder=folder, pid=state.pid)


def _state(settings: Settings, name: str, *, was_running: bool | None = None) -> ServiceState:
    folder = settings.state_dir / name
    record = load_record(folder / "process.json")
    process = None if record is None else find(record)
    if record is None or process is None:
        return ServiceState(name, running=False, was_running=False, folder=folder)
    return ServiceState(
        name,
        running=True,
        was_running=True if was_running is None else was_running,
        folder=folder,
        pid=record.pid,
        address=f"{HOST}:{record.port}",
        uptime_s=max(0.0, time.time() - process.create_time()),
        memory_bytes=process.memory_info().rss,
        log_file=record.log_file,
    )


def _write_addresses(settings: Settings) -> None:
    running = {state.name: state.address for state in service_states(settings) if state.running}
    lines = ["# Written by `flownar up`: where the local services listen."]
    if address := running.get(kafka_broker.NAME):
        lines += ["[kafka]", f'bootstrap_servers = "{address}"']
    if address := running.get(redis_server.NAME):
        lines += ["[redis]", f'url = "redis://{address}/0"']
    path = settings.state_dir / ADDRESSES_FILE
    if running:
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def _lock(settings: Settings) -> AbstractContextManager[None]:
    return folder_lock(settings.state_dir, _LOCK_DEADLINE_S)
