"""From the supervisor's bookkeeping to its status."""

from collections.abc import Mapping

from pipeline.messages.health import PartitionStatus
from pipeline.messages.status import ActorStatus, OwnershipStatus
from pipeline.supervisor.assignment import Ownership
from pipeline.supervisor.managed_actor import ManagedActor


def actor_status(actor: ManagedActor) -> ActorStatus:
    """What can be told about an actor."""
    return ActorStatus(
        name=actor.name,
        kind=str(actor.kind),
        pid=actor.health.pid if actor.health else 0,
        ready=actor.is_ready,
        restarts=actor.restarts,
        failure=actor.failure,
    )


def ownership_status(row: Ownership, actors: Mapping[str, ManagedActor]) -> OwnershipStatus:
    """What can be told about a partition: its row, and what its reader and its narrator say."""
    read, narrated = _report(row, row.reader, actors), _report(row, row.narrator, actors)
    return OwnershipStatus(
        partition=row.partition,
        phase=str(row.phase),
        generation=row.generation,
        narrator=row.narrator,
        reader=row.reader,
        read_position=read.position if read else -1,
        committed_position=narrated.position if narrated else -1,
        waiting=narrated.waiting if narrated else 0,
        reason=row.reason,
    )


def _report(row: Ownership, name: str, actors: Mapping[str, ManagedActor]) -> PartitionStatus | None:
    actor = actors.get(name)
    reports = actor.health.partitions if actor and actor.health else ()
    wanted = (row.partition, row.generation)
    return next((report for report in reports if (report.partition, report.generation) == wanted), None)
