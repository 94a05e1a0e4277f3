"""Starting, stopping and losing the local services, with real processes."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import redis

from pipeline.config import ServicesSettings, Settings, load_settings
from pipeline.errors import ServiceError
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.services.local import service_states, start_services, stop_services
from pipeline.services.ports import HOST, choose_port
from pipeline.wire.topics import topic_specs


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Settings]:
    """Services of this test alone, on any ports."""
    ports = ServicesSettings(kafka_port=0, controller_port=0, redis_port=0)
    settings = Settings(state_dir=tmp_path / "state", services=ports)
    yield settings
    stop_services(settings)


def addresses(settings: Settings) -> Settings:
    return load_settings({"state_dir": str(settings.state_dir)}, environ={}).settings


def redis_client(settings: Settings) -> redis.Redis:
    return redis.Redis.from_url(addresses(settings).redis.url, socket_timeout=5)


def test_both_services_from_nothing_to_nothing(local: Settings) -> None:
    lines: list[str] = []
    with socket.create_server((HOST, choose_port(0))) as taken:
        port = taken.getsockname()[1]
        wanted = local.services.model_copy(update={"redis_port": port, "kafka_port": port})
        states = start_services(local.model_copy(update={"services": wanted}), on_progress=lines.append)
    assert sorted(lines) == ["starting kafka", "starting redis"]
    assert all(state.running and not state.was_running for state in states)
    assert str(port) not in "".join(state.address for state in states)

    began = time.monotonic()
    again = start_services(local, on_progress=lines.append)
    assert time.monotonic() - began < 5.0
    assert [state.pid for state in again] == [state.pid for state in states]
    assert all(state.was_running for state in again)
    assert len(lines) == 2

    kafka = addresses(local).kafka
    specs = topic_specs(kafka, local.frames)
    with KafkaAdmin(kafka) as admin:
        admin.create_topics(specs)
    redis_client(local).set("key", "value")

    stopped = stop_services(local)
    assert all(state.was_running and not state.running for state in stopped)
    assert not any(psutil.pid_exists(state.pid) for state in states if state.pid)
    assert not (local.state_dir / "addresses.toml").exists()
    assert not any(state.was_running for state in stop_services(local))

    start_services(local)
    with KafkaAdmin(addresses(local).kafka) as admin:
        assert len(admin.describe_topics([spec.name for spec in specs])) == len(specs)
    assert redis_client(local).get("key") == b"value"

    stop_services(local, volumes=True)
    assert not any((local.state_dir / state.name).exists() for state in states)


def test_an_acknowledged_write_survives_a_kill(local: Settings) -> None:
    (state,) = start_services(local, ["redis"])
    client = redis_client(local)
    for number in range(100):
        client.set(f"key-{number}", "v" * 1000)
    assert state.pid is not None
    os.kill(state.pid, signal.SIGKILL)
    while service_states(local, ["redis"])[0].running:
        time.sleep(0.01)
    (again,) = start_services(local, ["redis"])
    assert not again.was_running
    assert redis_client(local).dbsize() == 100


def test_a_service_can_be_started_again_the_moment_after_it_was_killed(local: Settings) -> None:
    ports = {"redis_port": choose_port(0)}
    local = local.model_copy(update={"services": local.services.model_copy(update=ports)})
    (state,) = start_services(local, ["redis"])
    for _ in range(5):
        assert state.pid is not None
        os.kill(state.pid, signal.SIGKILL)
        (again,) = start_services(local, ["redis"])
        assert (again.address, again.running) == (state.address, True)
        assert again.pid != state.pid
        state = again


def test_a_process_file_of_another_process_starts_a_new_service_and_harms_nobody(local: Settings) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        folder = local.state_dir / "redis"
        folder.mkdir(parents=True)
        stale = {"name": "redis", "pid": other.pid, "start": "another-boot/1", "port": 1, "log_file": "log"}
        (folder / "process.json").write_text(json.dumps(stale))
        assert not service_states(local, ["redis"])[0].running
        (state,) = start_services(local, ["redis"])
        assert state.running
        assert state.pid != other.pid
        stop_services(local)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_broker_that_cannot_start_tells_the_end_of_its_log(local: Settings) -> None:
    data = local.state_dir / "kafka" / "data"
    data.mkdir(parents=True)
    (data / "meta.properties").write_text("version=1\ncluster.id=x\nnode.id=77\n")
    with pytest.raises(ServiceError, match="ended before it answered") as caught:
        start_services(local)
    assert "77" in caught.value.message
    assert "broker.log" in caught.value.action
    # The other service is there, and is found.
    running = {state.name: state.running for state in service_states(local)}
    assert running == {"kafka": False, "redis": True}
    assert redis_client(local).ping()


def test_jars_from_a_folder_that_is_not_complete_are_refused(local: Settings, tmp_path: Path) -> None:
    empty = tmp_path / "libs"
    empty.mkdir()
    services = local.services.model_copy(update={"kafka_libs": empty})
    with pytest.raises(ServiceError, match="checksums"):
        start_services(local.model_copy(update={"services": services}), ["kafka"])


def test_a_second_command_waits_for_the_first(local: Settings) -> None:
    code = (
        "from pipeline.config import Settings; from pipeline.services.local import start_services;"
        f"settings = Settings.model_validate_json({local.model_dump_json()!r});"
        "print(start_services(settings, ['redis'])[0].pid)"
    )
    argv = [sys.executable, "-c", code]
    both = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    pids = {process.communicate(timeout=120)[0].strip() for process in both}
    assert pids == {str(service_states(local, ["redis"])[0].pid)}


def test_a_record_without_a_live_process_is_not_running(local: Settings) -> None:
    (state,) = start_services(local, ["redis"])
    path = local.state_dir / "redis" / "process.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"start": "another-boot/1"}))
    assert service_states(local, ["redis"])[0] == dataclasses.replace(
        state,
        running=False,
        was_running=False,
        pid=None,
        address="",
        uptime_s=0.0,
        memory_bytes=0,
        log_file="",
    )
    path.write_text(json.dumps(record))
