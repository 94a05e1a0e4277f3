"""Whether a topology runs, and what its supervisor says: asked without starting anything."""

import socket
from dataclasses import dataclass

from pipeline.config import Settings
from pipeline.errors import PipelineError
from pipeline.messages.status import RunStatus

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
    # Ray takes seconds to import: not before it is known that there is a cluster.
    from pipeline.cluster.local_head import find_head  # noqa: PLC0415

    address = settings.ray.address or find_head(settings) or ""
    if not address:
        return RunningTopology("")
    if not _is_reachable(address):
        return RunningTopology(address, error=f"Nothing answers at {address}.")
    from pipeline.cluster.connection import connect, disconnect  # noqa: PLC0415
    from topologies.live import find  # noqa: PLC0415

    try:
        connect(settings, start_local=False)
        run = find(settings)
        return RunningTopology(address, run.status() if run else None)
    except PipelineError as error:
        return RunningTopology(address, error=str(error))
    finally:
        disconnect()


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
