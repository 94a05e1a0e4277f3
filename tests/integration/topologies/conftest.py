"""One Ray and one topology with a tiny model for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.config import CommitSettings, LiveSettings, ModelSettings, Settings
from pipeline.ray_cluster import connect, disconnect
from pipeline.ray_head import stop_head
from tests.support.live_topology import LiveTopology
from tests.support.tiny_model import write_tiny_model
from topologies import live

PARTITIONS = 2


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with random weights."""
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="session")
def live_settings(new_settings: Callable[..., Settings], tiny_model: Path) -> Settings:
    """Settings of the topology: two encoders, so that frames overtake each other, and few slots."""
    settings = new_settings(partitions=PARTITIONS)
    return settings.model_copy(
        update={
            "model": ModelSettings(path=tiny_model, device="cpu", torch_threads=1),
            "live": LiveSettings(num_encoders=2, num_slots=4, encoder_batch=4, credits=16),
            "commit": CommitSettings(interval_ms=100, snapshot_every_segments=2),
        }
    )


@pytest.fixture(scope="session")
def topology(live_settings: Settings) -> Iterator[LiveTopology]:
    """The running topology."""
    try:
        connect(live_settings, start_local=True)
        run = live.start(live_settings)
        run.wait_until_ready()
        yield LiveTopology(live_settings, run)
        live.stop(live_settings, run)
        disconnect()
    finally:
        stop_head(live_settings)
