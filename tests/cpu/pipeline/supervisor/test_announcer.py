"""Who is told what, and how often."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipeline.messages.camera import CameraBook
from pipeline.messages.dead_letter import DeadLetter
from pipeline.messages.health import ActorHealth
from pipeline.supervisor import announcer as module
from pipeline.supervisor.actor_keeper import ActorKeeper
from pipeline.supervisor.announcer import Announcer
from pipeline.supervisor.background import Background
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.managed_actor import ManagedActor
from pipeline.supervisor.process_name import ProcessName

LETTER = DeadLetter("cameras", 0, 3, 0, b"a", b"{", (), "camera-settings-invalid", "no JSON", "cameras")


@dataclass
class Calls:
    """The handle of an actor that notes what it is told."""

    told: list[tuple[str, Any]] = field(default_factory=list)
    takes_refused: bool = True

    def __getattr__(self, name: str) -> Any:
        def remote(argument: Any) -> Any:
            self.told.append((name, argument))
            return asyncio.sleep(0.0, self.takes_refused) if name == "refuse_cameras" else None

        return SimpleNamespace(remote=remote)


@dataclass
class Actors:
    """Stands for ActorKeeper."""

    actors: list[ManagedActor]

    def of(self, kind: Kind) -> list[ManagedActor]:
        return [actor for actor in self.actors if actor.kind is kind]

    def get(self, name: str) -> ManagedActor | None:
        return next((actor for actor in self.actors if actor.name == name), None)


@dataclass
class Known:
    """Stands for CameraFeed."""

    book: CameraBook | None = None
    refused: tuple[DeadLetter, ...] = ()


def actor(role: str, *, ready: bool = True, restarts: int = 0) -> ManagedActor:
    process = ProcessName("run/", role, restarts, "x")
    return ManagedActor(process, Calls(), 0.0, health=ActorHealth(1, ready=ready))


def announcer(known: Known, *actors: ManagedActor) -> Announcer:
    return Announcer(cast(ActorKeeper, Actors(list(actors))), known, Background())


def told(actor: ManagedActor) -> list[tuple[str, Any]]:
    """What an actor was told since the last question."""
    found = list(actor.handle.told)
    actor.handle.told.clear()
    return found


def test_readers_hear_of_encoders_that_can_work_once() -> None:
    encoders, reader = [actor("encoder-0"), actor("encoder-1")], actor("reader-0")
    announces = announcer(Known(), *encoders, reader)
    announces.round()
    announces.round()
    ((name, first),) = told(reader)
    assert (name, set(first)) == ("set_encoders", {str(e.process) for e in encoders})
    encoders[0].silent = True
    announces.round()
    ((_, second),) = told(reader)
    assert set(second) == {str(encoders[1].process)}


def test_all_that_read_or_narrate_hear_of_a_new_book_once() -> None:
    known, reader, narrator = Known(), actor("reader-0", ready=False), actor("narrator-0", ready=False)
    announces = announcer(known, actor("encoder-0"), reader, narrator)
    announces.round()
    assert told(reader) == told(narrator) == []
    for book in (CameraBook(version=0), CameraBook(version=7)):
        known.book = book
        announces.round()
        announces.round()
        assert told(reader) == told(narrator) == [("set_cameras", book)]


def test_a_new_process_hears_everything() -> None:
    book = CameraBook(version=7)
    keeper = Actors([actor("encoder-0"), actor("reader-0")])
    announces = Announcer(cast(ActorKeeper, keeper), Known(book), Background())
    announces.round()
    keeper.actors[1] = actor("reader-0", restarts=1)
    announces.round()
    assert [name for name, _ in told(keeper.actors[1])] == ["set_cameras", "set_encoders"]


def test_partitions_wait_for_the_first_book_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Known()
    announces = announcer(known)
    assert not announces.may_assign
    monkeypatch.setattr(module, "FIRST_BOOK_DEADLINE_S", 0.0)
    assert announces.may_assign
    monkeypatch.undo()
    known.book = CameraBook()
    assert announces.may_assign


def test_every_owner_gets_the_refused_documents_until_it_took_them() -> None:
    narrator = actor("narrator-0")

    async def play() -> list[list[tuple[str, Any]]]:
        announces = announcer(Known(refused=(LETTER,)), narrator)
        rounds = []
        for takes, generation in ((False, 1), (True, 1), (True, 1), (True, 2), (True, 2)):
            narrator.handle.takes_refused = takes
            announces.refuse_documents("narrator-0", generation)
            await asyncio.sleep(0.01)
            rounds.append(told(narrator))
        announces.refuse_documents("", 3)
        return [*rounds, told(narrator)]

    given = [("refuse_cameras", (LETTER,))]
    assert asyncio.run(play()) == [given, given, [], given, [], []]
