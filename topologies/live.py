"""The topology `live`: readers, encoders and narrators under one supervisor, on a Ray cluster.

flownar run live                                    on a local Ray, or on the cluster of ray.address
ray job submit --working-dir . -- python -m topologies.live        on the cluster that takes the job
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.cluster.remote_errors import describe
from pipeline.config import Settings
from pipeline.errors import TopologyError
from pipeline.messages.status import RunIdentity, RunStatus
from pipeline.supervisor.build_identity import run_identity

STOP_DEADLINE_S = 30.0
"""Time for a topology to drain: what is in flight, one snapshot of every stream, one commit."""

ANSWER_DEADLINE_S = 30.0
"""Time for a supervisor to answer; a new one has a process to start first."""

READY_DEADLINE_S = 300.0
"""Time for all actors to load their models and for all partitions to be taken over."""

POLL_S = 0.25
HOPELESS_RESTARTS = 2
"""An actor that ended this often before the topology was ever ready will not come up."""


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A running topology.

    Attributes:
        supervisor: Handle of its supervisor.
        attached: It ran before.
    """

    supervisor: Any
    attached: bool

    def status(self) -> RunStatus:
        """What it does now."""
        status: RunStatus = _get(self.supervisor.status.remote(), ANSWER_DEADLINE_S)
        return status

    def wait_until_ready(self, on_status: Callable[[RunStatus], None] = lambda _: None) -> RunStatus:
        """Wait until every actor is ready and every partition has an owner.

        Raises:
            TopologyError: That takes too long, or an actor ends again and again.
        """
        deadline = time.monotonic() + READY_DEADLINE_S
        while not (status := self.status()).ready:
            on_status(status)
            for actor in status.actors:
                if actor.restarts >= HOPELESS_RESTARTS:
                    raise TopologyError(
                        f"{actor.name} does not come up: {actor.failure}",
                        action="Mend that, then: flownar stop live, and start it again.",
                    )
            if time.monotonic() > deadline:
                raise TopologyError(
                    f"The topology is not ready after {READY_DEADLINE_S:g} s.",
                    action="See what is missing: flownar status; the logs are where Ray keeps them.",
                )
            time.sleep(POLL_S)
        on_status(status)
        return status


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
        theirs: RunIdentity = _get(running.supervisor.identity.remote(), ANSWER_DEADLINE_S)
        if theirs == identity:
            return running
        if not replace:
            raise TopologyError(
                f"The topology {identity.application!r} runs already, with {_difference(theirs, identity)}.",
                action="Stop it (flownar stop live), or replace it: flownar run live --replace",
            )
        stop(settings, running)
    return LiveRun(_create(settings, identity), attached=False)


def find(settings: Settings) -> LiveRun | None:
    """The topology that runs on the connected cluster, or None."""
    import ray  # noqa: PLC0415

    from pipeline.supervisor.managed_actor import supervisor_name  # noqa: PLC0415

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
    from pipeline.supervisor.managed_actor import kill, kill_leftovers  # noqa: PLC0415

    try:
        # Readers and narrators drain one after the other.
        undone: str = _get(run.supervisor.stop.remote(deadline_s), 2 * deadline_s + 15.0)
    except TopologyError as error:
        undone = str(error)
    kill(run.supervisor)
    kill_leftovers(settings)
    return undone


def _create(settings: Settings, identity: RunIdentity) -> Any:
    import ray  # noqa: PLC0415

    from pipeline.supervisor.actor import Supervisor  # noqa: PLC0415
    from pipeline.supervisor.managed_actor import supervisor_name  # noqa: PLC0415

    options = {
        "name": supervisor_name(settings),
        "namespace": settings.ray.namespace,
        "lifetime": "detached",
        "num_cpus": 0,
        "max_restarts": -1,
        "get_if_exists": True,
    }
    actor_class: Any = ray.remote(Supervisor)
    supervisor = actor_class.options(**options).remote(settings, identity)
    theirs: RunIdentity = _get(supervisor.identity.remote(), ANSWER_DEADLINE_S * 2)
    if theirs != identity:
        raise TopologyError(
            f"The topology {identity.application!r} was started by somebody else at the same moment, "
            f"with {_difference(theirs, identity)}.",
            action="Try again.",
        )
    return supervisor


def _difference(theirs: RunIdentity, ours: RunIdentity) -> str:
    if theirs.version != ours.version:
        return f"version {theirs.version} (this is {ours.version})"
    if theirs.source_hash != ours.source_hash:
        return f"another build (source {theirs.source_hash}, this is {ours.source_hash})"
    if theirs.model_hash != ours.model_hash:
        return f"another model ({theirs.model_hash}, this is {ours.model_hash})"
    return f"other settings ({theirs.settings_hash}, these are {ours.settings_hash})"


def _get(reference: Any, deadline_s: float) -> Any:
    import ray  # noqa: PLC0415
    from ray.exceptions import GetTimeoutError, RayActorError  # noqa: PLC0415

    try:
        return ray.get(reference, timeout=deadline_s)
    except GetTimeoutError as error:
        raise TopologyError(f"The supervisor did not answer within {deadline_s:g} s.") from error
    except RayActorError as error:
        raise TopologyError(f"The supervisor has ended: {describe(error)}") from error


if __name__ == "__main__":
    from topologies.cli import build_app
    from topologies.cli.console import run_app

    sys.argv[1:1] = ["run", "live"]
    run_app(build_app())
