"""A running topology, asked through its supervisor."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipeline.cluster.remote_errors import describe
from pipeline.errors import TopologyError
from pipeline.messages.status import MoveReply, OwnershipStatus, RunIdentity, RunStatus

ANSWER_DEADLINE_S = 30.0
"""Time for a supervisor to answer; a new one has a process to start first."""

READY_DEADLINE_S = 300.0
"""Time for all actors to load their models and for all partitions to be taken over."""

POLL_S = 0.25

HOPELESS_RESTARTS = 2
"""An actor that ended this often before the topology was ever ready will not come up."""


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A running topology. Every method raises TopologyError if the supervisor does not answer.

    Attributes:
        supervisor: Handle of its supervisor.
        attached: It ran before.
    """

    supervisor: Any
    attached: bool

    def identity(self) -> RunIdentity:
        """What it was started from."""
        identity: RunIdentity = self._ask("identity", deadline_s=2 * ANSWER_DEADLINE_S)
        return identity

    def status(self) -> RunStatus:
        """What it does now."""
        status: RunStatus = self._ask("status", deadline_s=ANSWER_DEADLINE_S)
        return status

    def drain(self, deadline_s: float) -> str:
        """Let it drain, and end its actors; returns what was left undone, "" if nothing was."""
        # Readers and narrators drain one after the other.
        undone: str = self._ask("stop", deadline_s, deadline_s=2 * deadline_s + 15.0)
        return undone

    def move(self, partition: int, narrator: str, deadline_s: float) -> OwnershipStatus:
        """Move a partition to a narrator, and wait until it is owned there.

        Raises:
            TopologyError: It can't be moved there, or that takes too long.
        """
        reply: MoveReply = self._ask("move", partition, narrator, deadline_s=ANSWER_DEADLINE_S)
        if not reply.accepted:
            raise TopologyError(reply.message, action=reply.action)
        deadline = time.monotonic() + deadline_s
        while True:
            row = self.status().partitions[partition]
            if row.phase == "owned" and row.narrator == narrator:
                return row
            if not row.pinned:
                raise TopologyError(
                    f"{narrator} has gone before partition {partition} was there.",
                    action="See who owns it now: flownar partitions list",
                )
            if time.monotonic() > deadline:
                reason = f" ({row.reason})" if row.reason else ""
                raise TopologyError(
                    f"Partition {partition} is not at {narrator} after {deadline_s:g} s: "
                    f"{row.phase}{reason}.",
                    action="It is still tried. See how far it is: flownar partitions list",
                )
            time.sleep(POLL_S)

    def wait_until_ready(self, on_status: Callable[[RunStatus], None] = lambda _: None) -> RunStatus:
        """Wait until every actor is ready and every partition has an owner.

        Raises:
            TopologyError: That takes too long, or an actor ends again and again.
        """
        deadline = time.monotonic() + READY_DEADLINE_S
        restarts_before: dict[str, int] = {}
        while not (status := self.status()).ready:
            on_status(status)
            for actor in status.actors:
                # One that has run for long has been through a lot.
                before = restarts_before.setdefault(actor.name, actor.restarts if self.attached else 0)
                if actor.restarts - before >= HOPELESS_RESTARTS:
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

    def _ask(self, method: str, *arguments: Any, deadline_s: float) -> Any:
        import ray  # noqa: PLC0415
        from ray.exceptions import GetTimeoutError, RayActorError, RayError  # noqa: PLC0415

        try:
            return ray.get(getattr(self.supervisor, method).remote(*arguments), timeout=deadline_s)
        except GetTimeoutError as error:
            raise TopologyError(f"The supervisor did not answer within {deadline_s:g} s.") from error
        except RayActorError as error:
            raise TopologyError(f"The supervisor has ended: {describe(error)}") from error
        except (RayError, ImportError, AttributeError, TypeError) as error:
            # A supervisor of another build may have other methods and answer with other classes.
            raise TopologyError(f"The supervisor is not of this build: {describe(error)}") from error
