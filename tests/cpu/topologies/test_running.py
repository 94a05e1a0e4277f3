import socket
from pathlib import Path

from pipeline.config import RaySettings, Settings
from topologies.running import RunningTopology, ask_topology


def test_without_a_cluster_nothing_is_asked(tmp_path: Path) -> None:
    assert ask_topology(Settings(state_dir=tmp_path)) == RunningTopology("")


def test_an_address_where_nothing_listens_is_told_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    settings = Settings(state_dir=tmp_path, ray=RaySettings(address=address))
    assert ask_topology(settings) == RunningTopology(address, error=f"Nothing answers at {address}.")
