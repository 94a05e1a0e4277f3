"""`ray job submit` of the topology, on a cluster that `ray start --head` started."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.config import Settings
from pipeline.services.ports import HOST, choose_port
from pipeline.services.process import spawn, stop
from pipeline.services.readiness import wait_until_ready
from tests.support.camera import camera, expected, publish
from tests.support.command_line import COMMAND, environment
from tests.support.live_topology import narrations
from tests.support.waiting import wait_until

REPO = Path(__file__).parents[3]
RAY = (sys.executable, "-m", "ray.scripts.scripts")
ON_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "disabled"}
JOB_DEADLINE_S = 150.0
STARTED = b"Ray runtime started"


class Cluster:
    """A head node with a dashboard, all of it on loopback."""

    def __init__(self, folder: Path) -> None:
        ports: list[int] = []
        for _ in range(4):
            ports.append(choose_port(0, avoid=frozenset(ports)))
        port, dashboard, client, agent = ports
        self.address, self.dashboard = f"{HOST}:{port}", f"http://{HOST}:{dashboard}"
        options = {
            "port": port,
            "dashboard-host": HOST,
            "dashboard-port": dashboard,
            "ray-client-server-port": client,
            "dashboard-agent-listen-port": agent,
            "min-worker-port": 0,
            "max-worker-port": 0,
            "object-store-memory": 200_000_000,
            "temp-dir": folder,
        }
        # Jobs say `python`: the head's PATH decides which one that is.
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        variables = {**ON_LOOPBACK, "PATH": path, "RAY_worker_niceness": "0"}
        out = folder / "head.out"
        self._record = spawn(
            "ray",
            [
                *("env", *(f"{name}={value}" for name, value in variables.items())),
                *(*RAY, "start", "--head", "--block", "--no-monitor", "--disable-usage-stats"),
                *(f"--{name}={value}" for name, value in options.items()),
            ],
            port=port,
            log_file=out,
            out_file=out,
        )
        wait_until_ready(self._record, lambda _: STARTED in out.read_bytes(), 120.0, out)

    def job(self, *arguments: str) -> str:
        """Run `ray job`; returns what it printed."""
        command = [*RAY, "job", arguments[0], "--address", self.dashboard, *arguments[1:]]
        done = subprocess.run(
            command, cwd=REPO, env={**os.environ, **ON_LOOPBACK}, capture_output=True, text=True, timeout=90
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def stop(self) -> None:
        """End it with all that runs on it."""
        stop(self._record, 40.0)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    # Not pytest's folder: the paths of Ray's sockets must be short.
    with tempfile.TemporaryDirectory(prefix="flownar-job-", ignore_cleanup_errors=True) as folder:
        started = Cluster(Path(folder))
        yield started
        started.stop()


def test_a_submitted_job_narrates_a_published_stream(
    cluster: Cluster, new_settings: Callable[..., Settings], tiny_model: Path
) -> None:
    settings = new_settings(partitions=1)
    variables = {n: v for n, v in environment(settings).items() if n.startswith("FLOWNAR_")}
    variables |= {"FLOWNAR_MODEL__PATH": str(tiny_model), "FLOWNAR_MODEL__DEVICE": "cpu"}
    runtime_env = json.dumps({"env_vars": variables})
    job = f"live-{settings.kafka.application}"
    submit = ["--submission-id", job, "--no-wait", "--working-dir", ".", "--runtime-env-json", runtime_env]
    cluster.job("submit", *submit, "--", "python", "-m", "topologies.live")

    shown = camera(settings, "job/1", 200_200, 12)
    wanted = expected(tiny_model, [shown])["job/1"].texts
    publish(settings, shown.records)
    wait_until(
        lambda: len(narrations(settings, "job/1")) >= len(wanted),
        "the narrations of the job",
        JOB_DEADLINE_S,
        show=lambda: cluster.job("logs", job),
    )
    assert [event.narration.text for event in narrations(settings, "job/1")] == wanted

    stopping = subprocess.run(
        [*COMMAND, "stop", "live", "--address", cluster.address],
        env={**environment(settings), **ON_LOOPBACK},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert stopping.returncode == 0, stopping.stderr
    assert "stopped" in stopping.stderr
    wait_until(lambda: "succeeded" in cluster.job("status", job).lower(), "the end of the job", 60.0)
