import socket
from pathlib import Path

import pytest

from pipeline.config import RaySettings, Settings
from pipeline.errors import TopologyError
from topologies.running import RunningTopology, ask_topology, running_topology


def test_without_a_cluster_nothing_is_asked(tmp_path: Path) -> None:
    assert ask_topology(Settings(state_dir=tmp_path)) == RunningTopology("")


def test_an_address_where_nothing_listens_is_told_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    settings = Settings(state_dir=tmp_path, ray=RaySettings(address=address))
    found = ask_topology(settings)
    assert (found.address, found.status) == (address, None)
    assert found.error.startswith(f"Nothing answers at {address}.")


def test_a_topology_that_does_not_run_can_not_be_asked(tmp_path: Path) -> None:
    with (
        pytest.raises(TopologyError, match="does not run") as refused,
        running_topology(Settings(state_dir=tmp_path)),
    ):
        pass
    assert "flownar run live" in refused.value.action
