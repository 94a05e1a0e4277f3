"""Whether a topology runs, and what its supervisor says: asked without starting anything."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.config import Settings
from pipeline.errors import PipelineError, TopologyError
from pipeline.messages.status import RunStatus

if TYPE_CHECKING:
    from topologies.live_run import LiveRun

REACH_DEADLINE_S = 3.0
"""Ray itself tries for a minute to reach an address where nothing listens."""


@dataclass(frozen=True, slots=True)
class RunningTopology:
    """What was found out.

    Attributes:
        address: Address of the Ray cluster, or "" if none is set and no local one runs.
        status: What the supervisor says, or None if there is none or it does not answer.
        error: Why a cluster that is there could not be asked; "" if it could.
    """

    address: str
    status: RunStatus | None = None
    error: str = ""


def ask_topology(settings: Settings) -> RunningTopology:
    """Ask the supervisor of the settings' application; what can't be asked is told, not raised."""
    address = _address(settings)
    if not address:
        return RunningTopology("")
    try:
        with _connected(settings, address) as run:
            return RunningTopology(address, run.status() if run else None)
    except PipelineError as error:
        return RunningTopology(address, error=str(error))


@contextmanager
def running_topology(settings: Settings) -> "Iterator[LiveRun]":
    """The running topology of the settings' application, while this process is connected to its cluster.

    Raises:
        TopologyError: None runs, or its cluster can't be reached.
    """
    address = _address(settings)
    with _connected(settings, address) as run:
        if run is None:
            raise TopologyError(
                f"The topology live of {settings.kafka.application!r} does not run.",
                action="Start it: flownar run live --detach",
            )
        yield run


@contextmanager
def _connected(settings: Settings, address: str) -> "Iterator[LiveRun | None]":
    if address and not _is_reachable(address):
        raise TopologyError(f"Nothing answers at {address}.", action="Check ray.address: flownar config show")
    if not address:
        yield None
        return
    # Ray takes seconds to import: not before it is known that there is a cluster.
    from pipeline.cluster.connection import connect, disconnect  # noqa: PLC0415
    from topologies.live import find  # noqa: PLC0415

    try:
        connect(settings, start_local=False)
        yield find(settings)
    finally:
        disconnect()


def _address(settings: Settings) -> str:
    from pipeline.cluster.local_head import find_head  # noqa: PLC0415

    return settings.ray.address or find_head(settings) or ""


def _is_reachable(address: str) -> bool:
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdecimal():
        # "auto", "local" and the like: Ray knows where that is.
        return True
    try:
        with socket.create_connection((host, int(port)), REACH_DEADLINE_S):
            return True
    except OSError:
        return False
