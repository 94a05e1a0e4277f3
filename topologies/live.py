"""The topology `live`: readers, encoders and narrators under one supervisor, on a Ray cluster.

flownar run live        on a local Ray, or on the cluster of ray.address
ray job submit --working-dir . -- python -m topologies.live        on the cluster that takes the job
"""

import sys
from typing import Any

from pipeline.config import Settings
from pipeline.errors import TopologyError
from pipeline.messages.status import RunIdentity
from pipeline.supervisor.build_identity import run_identity
from topologies.live_run import LiveRun

__all__ = ["STOP_DEADLINE_S", "LiveRun", "find", "start", "stop"]

STOP_DEADLINE_S = 30.0
"""Time for a topology to drain: what is in flight, one snapshot of every stream, one commit."""


def start(settings: Settings, *, replace: bool = False) -> LiveRun:
    """Start the topology on the connected cluster, or attach to the one that runs there.

    Args:
        settings: All settings.
        replace: If one with another build or other settings runs, stop that first.

    Raises:
        TopologyError: One with another build or other settings runs, or it can't be started.
    """
    identity = run_identity(settings)
    running = find(settings)
    if running is not None:
        difference = _difference(running, identity)
        if not difference:
            return running
        if not replace:
            raise TopologyError(
                f"The topology {identity.application!r} runs already, with {difference}.",
                action="Stop it (flownar stop live), or replace it: flownar run live --replace",
            )
        stop(settings, running)
    return _create(settings, identity)


def find(settings: Settings) -> LiveRun | None:
    """The topology that runs on the connected cluster, or None."""
    import ray  # noqa: PLC0415

    from pipeline.supervisor.process_name import supervisor_name  # noqa: PLC0415

    try:
        supervisor = ray.get_actor(supervisor_name(settings), namespace=settings.ray.namespace)
    except ValueError:
        return None
    return LiveRun(supervisor, attached=True)


def stop(settings: Settings, run: LiveRun, deadline_s: float = STOP_DEADLINE_S) -> str:
    """Drain a running topology and end all its processes.

    Returns:
        What was left undone, to be done again by the next start; "" if nothing was.
    """
    from pipeline.supervisor.actor_factory import kill, kill_leftovers  # noqa: PLC0415

    try:
        undone = run.drain(deadline_s)
    except TopologyError as error:
        undone = str(error)
    kill(run.supervisor)
    kill_leftovers(settings)
    return undone


def _create(settings: Settings, identity: RunIdentity) -> LiveRun:
    import ray  # noqa: PLC0415

    from pipeline.supervisor.actor import Supervisor  # noqa: PLC0415
    from pipeline.supervisor.process_name import supervisor_name  # noqa: PLC0415

    options = {
        "name": supervisor_name(settings),
        "namespace": settings.ray.namespace,
        "lifetime": "detached",
        "num_cpus": 0,
        "max_restarts": -1,
        "get_if_exists": True,
    }
    actor_class: Any = ray.remote(Supervisor)
    run = LiveRun(actor_class.options(**options).remote(settings, identity), attached=False)
    if difference := _difference(run, identity):
        raise TopologyError(
            f"The topology {identity.application!r} was started by somebody else at the same moment, "
            f"with {difference}.",
            action="Try again.",
        )
    return run


def _difference(run: LiveRun, ours: RunIdentity) -> str:
    """In what the topology differs from what would be started here; "" if in nothing."""
    try:
        theirs = run.identity()
    except TopologyError as error:
        return f"another build, or it hangs ({error.message})"
    if theirs == ours:
        return ""
    if theirs.version != ours.version:
        return f"version {theirs.version} (this is {ours.version})"
    if theirs.source_hash != ours.source_hash:
        return f"another build (source {theirs.source_hash}, this is {ours.source_hash})"
    if theirs.model_hash != ours.model_hash:
        return f"another model ({theirs.model_hash}, this is {ours.model_hash})"
    return f"other settings ({theirs.settings_hash}, these are {ours.settings_hash})"


if __name__ == "__main__":
    from topologies.cli import build_app
    from topologies.cli.console import run_app

    sys.argv[1:1] = ["run", "live"]
    run_app(build_app())
