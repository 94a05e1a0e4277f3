from dataclasses import dataclass, field
from typing import cast

import pytest

from pipeline.messages.health import ActorHealth
from pipeline.supervisor.actor_keeper import ActorKeeper
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.managed_actor import ManagedActor
from pipeline.supervisor.move_request import refusal
from pipeline.supervisor.process_name import ProcessName
from pipeline.supervisor.table import Ownership, Phase


@dataclass
class Actors:
    """Stands for ActorKeeper."""

    actors: list[ManagedActor] = field(default_factory=list)

    def of(self, kind: Kind) -> list[ManagedActor]:
        return [actor for actor in self.actors if actor.kind is kind]

    def get(self, name: str) -> ManagedActor | None:
        return next((actor for actor in self.actors if actor.name == name), None)


def actor(role: str, *, ready: bool = True, silent: bool = False) -> ManagedActor:
    health = ActorHealth(1, ready=ready)
    return ManagedActor(ProcessName("run/", role, 0, "x"), None, 0.0, health=health, silent=silent)


TABLE = (Ownership(0, Phase.OWNED, 1, "narrator-0", "reader-0", ""), Ownership(1))
ACTORS = Actors(
    [
        actor("narrator-0"),
        actor("narrator-1"),
        actor("narrator-2", ready=False),
        actor("narrator-3", silent=True),
        actor("reader-0"),
    ]
)


@pytest.mark.parametrize(
    ("partition", "narrator", "message", "action"),
    [
        (2, "narrator-0", "There is no partition 2.", "There are 0 to 1"),
        (-1, "narrator-0", "There is no partition -1.", "There are 0 to 1"),
        (0, "reader-0", "There is no narrator 'reader-0'.", "narrator-0, narrator-1"),
        (0, "narrator-9", "There is no narrator 'narrator-9'.", "narrator-0, narrator-1"),
        (0, "narrator-2", "narrator-2 is starting", "flownar status"),
        (0, "narrator-3", "narrator-3 does not answer", "flownar status"),
    ],
)
def test_what_can_not_be_granted_is_refused_with_what_to_do(
    partition: int, narrator: str, message: str, action: str
) -> None:
    reply = refusal(TABLE, cast(ActorKeeper, ACTORS), partition, narrator, "")
    assert reply is not None
    assert not reply.accepted
    assert message in reply.message
    assert action in reply.action


def test_another_narrator_and_an_unowned_partition_are_fine() -> None:
    assert refusal(TABLE, cast(ActorKeeper, ACTORS), 0, "narrator-1", "") is None
    assert refusal(TABLE, cast(ActorKeeper, ACTORS), 1, "narrator-0", "") is None


def test_a_partition_may_be_kept_where_it_is() -> None:
    assert refusal(TABLE, cast(ActorKeeper, ACTORS), 0, "narrator-0", "") is None
    assert refusal(TABLE, cast(ActorKeeper, ACTORS), 0, "narrator-0", "Redis does not answer") is None


def test_nothing_moves_while_a_service_is_away() -> None:
    reply = refusal(TABLE, cast(ActorKeeper, ACTORS), 0, "narrator-1", "Redis at r:1 does not answer")
    assert reply is not None
    assert "Redis at r:1 does not answer" in reply.message
