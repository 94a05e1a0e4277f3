"""From the supervisor's bookkeeping to its status."""

from collections.abc import Iterable

from pipeline.messages.health import Dependency, PartitionStatus
from pipeline.messages.status import ActorStatus, OwnershipStatus
from pipeline.supervisor.managed_actor import ManagedActor
from pipeline.supervisor.table import Ownership


def actor_status(actor: ManagedActor) -> ActorStatus:
    """What can be told about an actor."""
    return ActorStatus(
        name=actor.name,
        kind=str(actor.kind),
        pid=actor.health.pid if actor.health else 0,
        ready=actor.is_ready,
        restarts=actor.process.restarts,
        failure=actor.failure,
        silent=actor.silent,
    )


def dependencies(actors: Iterable[ManagedActor]) -> tuple[Dependency, ...]:
    """Each service as the actor sees it that misses it for the longest time; by name."""
    seen: dict[str, Dependency] = {}
    for actor in actors:
        for found in actor.health.dependencies if actor.health else ():
            known = seen.get(found.name, found)
            seen[found.name] = max(known, found, key=lambda each: (each.state == "down", each.since_s))
    return tuple(seen[name] for name in sorted(seen))


def ownership_status(
    row: Ownership, narrator: ManagedActor | None, reader: ManagedActor | None, load_fps: float | None
) -> OwnershipStatus:
    """What can be told about a partition: its row, and what its reader and its narrator say."""
    read, narrated = _report(row, reader), _report(row, narrator)
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
        load_fps=load_fps,
        pinned=bool(row.pinned),
    )


def _report(row: Ownership, actor: ManagedActor | None) -> PartitionStatus | None:
    reports = actor.health.partitions if actor and actor.health else ()
    wanted = (row.partition, row.generation)
    return next((report for report in reports if (report.partition, report.generation) == wanted), None)
