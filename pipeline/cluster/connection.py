"""Connects this process to Ray: to the cluster that the settings name, or to the local one."""

import importlib
import logging
import os
import signal
import sys
import threading
from typing import Any

from pipeline.cluster.local_head import find_head, head_variables, start_head
from pipeline.config import Settings
from pipeline.errors import TopologyError


def connect(settings: Settings, *, start_local: bool) -> str:
    """Connect this process to Ray. From then on SIGTERM ends it as Ctrl-C does, so that it can clear up.

    Args:
        settings: `ray.address` counts first; without it, the local cluster of the state folder.
        start_local: Start the local cluster if none runs.

    Returns:
        The address, or "auto" where Ray knows it itself.

    Raises:
        TopologyError: There is no cluster, or it can't be reached.
        ServiceError: The local cluster can't be started.
    """
    address = settings.ray.address
    if address is None:
        address = start_head(settings) if start_local else find_head(settings)
        if address is None:
            raise TopologyError(
                "No local Ray runs.", action="Start the topology with: flownar run live --detach"
            )
        _speak_as_the_head_does(settings)
    elif address.startswith(("http://", "https://")):
        raise TopologyError(
            f"The Ray address {address} is that of a dashboard.",
            action="Give the cluster's own address (host:6379), or submit: "
            f"ray job submit --address {address} --working-dir . -- python -m topologies.live",
        )
    elif find_head(settings) == address:
        _speak_as_the_head_does(settings)
    _init(address, settings.ray.namespace)
    return address


def disconnect() -> None:
    """Disconnect this process from Ray; what runs there goes on. Nothing happens if it was not connected."""
    if "ray" in sys.modules:
        import ray  # noqa: PLC0415

        ray.shutdown()


def _init(address: str, namespace: str) -> None:
    # Ray prints on standard output whose process was killed; the supervisor tells that better.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", "A worker died or was killed")
    import ray  # noqa: PLC0415

    if ray.is_initialized():
        return
    try:
        # No runtime_env: one that is set here and by `ray job submit` is refused.
        ray.init(address=address, namespace=namespace, log_to_driver=False, logging_level=logging.WARNING)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise TopologyError(
            f"Ray at {address} can't be reached: {error}", action="Check the address: ray status --address"
        ) from error
    if threading.current_thread() is threading.main_thread():
        # Ray's handler ends the process on the spot, and what it had started is left to itself.
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _speak_as_the_head_does(settings: Settings) -> None:
    """Set what the local cluster asks of its clients, also if Ray has been imported already."""
    os.environ.update(head_variables(settings))
    if "ray" in sys.modules:
        # Private names: without them, it would depend on who imported Ray first.
        constants: Any = importlib.import_module("ray._private.ray_constants")
        constants.ENABLE_RAY_CLUSTER = False
        raylet: Any = importlib.import_module("ray._raylet")
        raylet.Config.initialize("")
