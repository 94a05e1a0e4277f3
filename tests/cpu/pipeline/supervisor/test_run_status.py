from pipeline.messages.health import ActorHealth, Dependency, PartitionStatus
from pipeline.messages.status import RunIdentity, RunStatus
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.managed_actor import ManagedActor
from pipeline.supervisor.process_name import ProcessName
from pipeline.supervisor.run_status import actor_status, dependencies, ownership_status
from pipeline.supervisor.table import Ownership, Phase


def actor(kind: Kind, health: ActorHealth | None) -> ManagedActor:
    return ManagedActor(ProcessName("run/", f"{kind}-0", 2, "x"), None, 0.0, failure="killed", health=health)


def test_a_process_that_starts_has_no_pid_yet() -> None:
    status = actor_status(actor(Kind.READER, None))
    assert (status.pid, status.ready, status.restarts, status.failure) == (0, False, 2, "killed")


def test_positions_come_from_the_actors_of_the_generation() -> None:
    row = Ownership(3, Phase.OWNED, 5, "narrator-0", "reader-0", "")
    old = PartitionStatus(3, 4, 100, 1)
    reader = ActorHealth(1, ready=True, partitions=(PartitionStatus(3, 5, 120, 2), old))
    narrator = ActorHealth(2, ready=True, partitions=(PartitionStatus(3, 5, 110, 7),))
    actors = (actor(Kind.NARRATOR, narrator), actor(Kind.READER, reader))
    status = ownership_status(row, *actors, 2.5)
    assert (status.read_position, status.committed_position, status.waiting) == (120, 110, 7)
    assert (status.load_fps, status.pinned) == (2.5, False)
    outdated = ownership_status(Ownership(3, Phase.OWNED, 6, "narrator-0", "reader-0", ""), *actors, None)
    assert (outdated.read_position, outdated.committed_position) == (-1, -1)


def test_a_service_is_down_as_long_as_one_actor_misses_it() -> None:
    def seen_by(*needed: Dependency) -> ManagedActor:
        return actor(Kind.NARRATOR, ActorHealth(1, ready=True, dependencies=needed))

    actors = [
        seen_by(Dependency("redis", "up", 500.0), Dependency("kafka", "down", 3.0, "refused")),
        seen_by(Dependency("kafka", "up", 900.0)),
        seen_by(Dependency("kafka", "down", 7.0, "no answer")),
        actor(Kind.ENCODER, None),
    ]
    assert dependencies(actors) == (
        Dependency("kafka", "down", 7.0, "no answer"),
        Dependency("redis", "up", 500.0),
    )
    assert dependencies([]) == ()


def test_a_status_is_json() -> None:
    identity = RunIdentity("live", "1", "s", "m", "c")
    row = ownership_status(Ownership(0), None, None, None)
    status = RunStatus(identity, 1, False, "", (actor_status(actor(Kind.ENCODER, None)),), (row,), ())
    value = status.to_json()
    assert value["actors"][0]["name"] == "encoder-0"
    assert value["partitions"][0]["phase"] == "unowned"
