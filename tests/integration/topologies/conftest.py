"""One Ray and one topology with a tiny model for all tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from pipeline.cluster.connection import disconnect
from pipeline.cluster.local_head import NAME, find_head, stop_head
from pipeline.config import Settings
from tests.support.command_line import run_flownar
from tests.support.live_topology import LiveTopology
from tests.support.tiny_model import write_tiny_model

PARTITIONS = 2


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with random weights."""
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


CHANGED = {
    "model.device": "cpu",
    "model.torch_threads": 1,
    # Two narrators, so that partitions move; two encoders, so that frames overtake each other; few slots.
    "live.num_narrators": 2,
    "live.num_encoders": 2,
    "live.num_slots": 4,
    "live.encoder_batch": 4,
    "live.credits": 16,
    "live.lease_s": 3.0,
    "commit.interval_ms": 100,
    "commit.snapshot_every_segments": 2,
}


@pytest.fixture(scope="session")
def live_settings(new_settings: Callable[..., Settings], tiny_model: Path) -> Settings:
    """Settings of the topology."""
    settings = new_settings(partitions=PARTITIONS)
    values = settings.model_dump()
    for key, value in {**CHANGED, "model.path": tiny_model}.items():
        section, name = key.split(".")
        values[section][name] = value
    return Settings.model_validate(values)


@pytest.fixture(scope="session")
def topology(live_settings: Settings) -> Iterator[LiveTopology]:
    """The topology, started and stopped as people do it, on a local Ray."""
    changed = {**CHANGED, "model.path": live_settings.model.path}
    options = [option for key, value in changed.items() for option in ("--set", f"{key}={value}")]
    try:
        topology = LiveTopology.start(live_settings, options)
        yield topology
        pids = topology.pids().values()
        disconnect()
        stopped = run_flownar(live_settings, ["stop", "live"], timeout_s=120.0)
        assert stopped.returncode == 0, stopped.stdout + stopped.stderr
        assert not [pid for pid in pids if psutil.pid_exists(pid)]
        assert find_head(live_settings) is None
    finally:
        stop_head(live_settings)
        # Ray's folder is beside pytest's own: the paths of its sockets must be short.
        short = live_settings.state_dir / NAME / "short_tmp"
        if short.exists():
            shutil.rmtree(short.read_text())
