"""The local Ray: it listens on loopback only, and it is found again by its record."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import psutil

from pipeline.cluster.local_head import NAME, find_head, start_head
from pipeline.services.process import load_record
from tests.support.live_topology import LiveTopology

TWO_CLUSTERS = """
import sys
from pathlib import Path
import ray
from pipeline.cluster.connection import connect, disconnect
from pipeline.cluster.local_head import stop_head
from pipeline.config import Settings

for name in ("first", "second"):
    settings = Settings(state_dir=Path(sys.argv[1]) / name)
    try:
        connect(settings, start_local=True)
        assert ray.cluster_resources()
    finally:
        disconnect()
        stop_head(settings)
"""

WAITS_AND_CLEARS_UP = """
import sys, time
from pathlib import Path
from pipeline.cluster.connection import connect
from pipeline.config import Settings

connect(Settings(state_dir=Path(sys.argv[1])), start_local=False)
try:
    print("connected", flush=True)
    time.sleep(60.0)  # until the test ends this process, which is at once
finally:
    print("cleared up", flush=True)
"""


def test_everything_listens_on_loopback_only(topology: LiveTopology) -> None:
    record = load_record(topology.settings.state_dir / NAME / "process.json")
    assert record is not None
    head = psutil.Process(record.pid)
    listening = [
        connection.laddr.ip
        for process in [head, *head.children(recursive=True)]
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert {ip.removeprefix("::ffff:") for ip in listening} <= {"127.0.0.1", "::1"}


def test_a_second_start_finds_the_first(topology: LiveTopology) -> None:
    address = find_head(topology.settings)
    assert address is not None
    assert start_head(topology.settings) == address


def test_the_token_is_nobody_elses_business(topology: LiveTopology) -> None:
    token = topology.settings.state_dir / NAME / "auth_token"
    assert token.stat().st_mode & 0o077 == 0
    assert len(token.read_text()) == 64


def test_one_process_may_start_one_cluster_after_another(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", TWO_CLUSTERS, str(tmp_path)], check=True, timeout=200.0)


def test_a_process_that_is_connected_clears_up_when_it_is_to_end(topology: LiveTopology) -> None:
    command = [sys.executable, "-c", WAITS_AND_CLEARS_UP, str(topology.settings.state_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "connected\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "cleared up\n"
