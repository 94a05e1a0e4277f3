"""The keeper of partitions against actors that keep their word, die, fall silent and forget."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pipeline.config import KafkaSettings, Settings
from pipeline.errors import HigherGenerationError, KafkaUnavailableError
from pipeline.messages.health import ActorHealth, Dependency, LostPartition, PartitionStatus
from pipeline.messages.status import OwnershipStatus
from pipeline.supervisor import ownership_keeper as module
from pipeline.supervisor.actor_keeper import ActorKeeper
from pipeline.supervisor.background import Background
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.managed_actor import ManagedActor
from pipeline.supervisor.ownership_keeper import OwnershipKeeper
from pipeline.supervisor.process_name import ProcessName

PARTITIONS = 4

_ticks = itertools.count(1)


@dataclass
class Process:
    """What a narrator or reader does, and its handle: `process.release.remote(...)`."""

    held: dict[int, int] = field(default_factory=dict)
    lost: dict[int, tuple[int, str]] = field(default_factory=dict)
    down: bool = False
    calls: list[tuple[Any, ...]] = field(default_factory=list)
    fails: Callable[[], Exception] | None = None

    def __getattr__(self, name: str) -> Any:
        def remote(*arguments: Any) -> Any:
            self.calls.append((name, *arguments))
            future = asyncio.get_running_loop().create_future()
            if name == "take_over" and self.fails is not None:
                future.set_exception(self.fails())
            else:
                future.set_result(self._do(name, *arguments))
            return future

        return SimpleNamespace(remote=remote)

    def _do(self, name: str, *arguments: Any) -> Any:
        if name == "take_over":
            partition, generation = arguments
            self.held[partition] = generation
            self.lost.pop(partition, None)
            return SimpleNamespace(partition=partition, generation=generation)
        if name == "assign":
            self.held[arguments[0].partition] = arguments[0].generation
        elif self.held.get(arguments[0]) == arguments[1]:
            self.lose(arguments[0], name)
        return None

    def lose(self, partition: int, reason: str) -> None:
        self.lost[partition] = (self.held.pop(partition), reason)

    def health(self) -> ActorHealth:
        return ActorHealth(
            pid=1,
            ready=True,
            lost=tuple(LostPartition(p, g, reason) for p, (g, reason) in self.lost.items()),
            partitions=tuple(PartitionStatus(p, g, 0, 0) for p, g in self.held.items()),
            dependencies=(Dependency("redis", "down" if self.down else "up", 1.0),),
        )


class World:
    """Two narrators, two readers and their supervisor's bookkeeping."""

    def __init__(self) -> None:
        self.actors = [self.actor(role) for role in ("narrator-0", "narrator-1", "reader-0", "reader-1")]
        self.background = Background()
        self.keeper = self.new_keeper()

    def new_keeper(self) -> OwnershipKeeper:
        settings = Settings(kafka=KafkaSettings(partitions=PARTITIONS))
        return OwnershipKeeper(settings, cast(ActorKeeper, self), self.background)

    @staticmethod
    def actor(role: str) -> ManagedActor:
        return ManagedActor(ProcessName("run/", role, 0, "x"), Process(), 0.0)

    def of(self, kind: Kind) -> list[ManagedActor]:
        return [actor for actor in self.actors if actor.kind is kind]

    def get(self, name: str) -> ManagedActor | None:
        return next((actor for actor in self.actors if actor.name == name), None)

    def usable(self, kind: Kind) -> list[str]:
        return [actor.name for actor in self.of(kind) if actor.is_usable]

    candidates = usable

    def process(self, name: str) -> Process:
        actor = self.get(name)
        assert actor is not None
        process: Process = actor.handle
        return process

    def silence(self, name: str) -> None:
        actor = self.get(name)
        assert actor is not None
        actor.silent = True
        self.keeper.actor_gone(actor, f"{name} is silent")

    async def rounds(self, number: int = 3) -> list[OwnershipStatus]:
        """Answers of all that are not silent, a round, and what follows from it; several times."""
        for _ in range(number):
            for actor in self.actors:
                if not actor.silent:
                    actor.health = actor.handle.health()
                    actor.asked_s = 1e12 + next(_ticks)
            self.keeper.round(may_assign=True)
            for _ in range(10):
                await asyncio.sleep(0)
        return list(self.keeper.statuses())


Story = Callable[[World], Any]


def tell(story: Story) -> None:
    """Run a story in an event loop of its own."""

    async def run() -> None:
        await story(World())

    asyncio.run(run())


@pytest.fixture(autouse=True)
def _no_balancing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REBALANCE_EVERY_S", 1e9)


def test_everything_gets_an_owner_and_a_reader_for_it() -> None:
    async def story(world: World) -> None:
        for row in await world.rounds():
            assert (row.phase, row.generation) == ("owned", 1)
            assert world.process(row.narrator).held[row.partition] == 1
            assert world.process(row.reader).held[row.partition] == 1
        assert {row.narrator for row in world.keeper.statuses()} == {"narrator-0", "narrator-1"}

    tell(story)


def test_what_a_narrator_lost_is_taken_over_again_at_once() -> None:
    async def story(world: World) -> None:
        before = await world.rounds()
        world.process(before[2].narrator).lose(2, "commit failed")
        after = await world.rounds()
        assert [row.generation for row in after] == [1, 1, 2, 1]
        assert after[2].phase == "owned"

    tell(story)


def test_a_silent_narrators_partitions_go_to_the_other_and_it_is_told_when_it_wakes_up() -> None:
    async def story(world: World) -> None:
        before = await world.rounds()
        gone = [row.partition for row in before if row.narrator == "narrator-0"]
        world.silence("narrator-0")
        rows = await world.rounds()
        assert {row.narrator for row in rows} == {"narrator-1"}
        assert [row.partition for row in rows if row.generation == 2] == gone
        sleeper = world.get("narrator-0")
        assert sleeper is not None
        sleeper.silent = False
        await world.rounds()
        released = [call for call in sleeper.handle.calls if call[0] == "release"]
        assert released == [("release", partition, 1) for partition in gone], "once each"
        assert not sleeper.handle.held

    tell(story)


def test_a_lost_readers_partitions_are_handed_over_and_stay_at_their_narrators() -> None:
    async def story(world: World) -> None:
        before = await world.rounds()
        world.silence("reader-0")
        rows = await world.rounds()
        assert {row.reader for row in rows} == {"reader-1"}
        for old, new in zip(before, rows, strict=True):
            assert new.narrator == old.narrator
            handed_over = ("hand_over", old.partition, 1) in world.process(old.narrator).calls
            assert handed_over == (old.reader == "reader-0")
        assert not any(call[0] == "release" for call in world.process("reader-0").calls), (
            "it would not answer"
        )

    tell(story)


def test_a_move_releases_then_hands_over_then_takes_over() -> None:
    async def story(world: World) -> None:
        before = (await world.rounds())[1]
        other = {"narrator-0": "narrator-1", "narrator-1": "narrator-0"}[before.narrator]
        assert world.keeper.move(1, other).accepted
        row = (await world.rounds())[1]
        assert (row.phase, row.narrator, row.pinned, row.generation) == ("owned", other, True, 2)
        assert ("release", 1, 1) in world.process(before.reader).calls
        assert ("hand_over", 1, 1) in world.process(before.narrator).calls
        assert ("take_over", 1, 2) in world.process(other).calls

    tell(story)


def test_a_wish_for_where_a_partition_is_keeps_it_there_and_takes_an_earlier_wish_back() -> None:
    async def story(world: World) -> None:
        before = (await world.rounds())[1]
        other = {"narrator-0": "narrator-1", "narrator-1": "narrator-0"}[before.narrator]
        assert world.keeper.move(1, other).accepted
        assert world.keeper.move(1, before.narrator).accepted
        row = (await world.rounds())[1]
        assert (row.phase, row.narrator, row.pinned) == ("owned", before.narrator, True)
        assert row.generation == before.generation

    tell(story)


def test_nothing_moves_while_redis_is_down() -> None:
    async def story(world: World) -> None:
        row = (await world.rounds())[1]
        other = {"narrator-0": "narrator-1", "narrator-1": "narrator-0"}[row.narrator]
        assert world.keeper.move(1, other).accepted
        world.process("narrator-0").down = True
        assert (await world.rounds())[1].narrator == row.narrator
        assert "Redis" in world.keeper.waiting
        world.process("narrator-0").down = False
        # The first round hears that it is back.
        assert (await world.rounds(4))[1].narrator == other

    tell(story)


def test_a_takeover_that_fails_is_tried_elsewhere_and_the_service_is_blamed() -> None:
    async def story(world: World) -> None:
        for name in ("narrator-0", "narrator-1"):
            world.process(name).fails = lambda: KafkaUnavailableError("No answer.")
        rows = await world.rounds()
        assert {row.phase for row in rows} <= {"unowned", "taking-over"}
        assert all("KafkaUnavailableError" in row.reason for row in rows if row.phase == "unowned")
        assert "does not answer" in world.keeper.waiting
        for name in ("narrator-0", "narrator-1"):
            world.process(name).fails = None
        while not world.keeper.is_complete:
            await asyncio.sleep(0.05)
            await world.rounds(1)

    tell(story)


def test_the_logs_generation_is_overtaken() -> None:
    async def story(world: World) -> None:
        for name in ("narrator-0", "narrator-1"):
            world.process(name).fails = lambda: HigherGenerationError("Another owner.", found=41)
        await world.rounds(1)
        for name in ("narrator-0", "narrator-1"):
            world.process(name).fails = None
        assert {row.generation for row in await world.rounds()} == {42}

    tell(story)


def test_a_new_supervisor_leaves_alone_what_goes_on_and_takes_over_the_rest() -> None:
    async def story(world: World) -> None:
        before = await world.rounds()
        world.process(before[3].reader).lose(3, "the broker does not know the offset")
        calls = {actor.name: len(actor.handle.calls) for actor in world.actors}
        for actor in world.actors:
            actor.health = actor.handle.health()
        world.keeper = world.new_keeper()
        world.keeper.attach()
        rows = list(world.keeper.statuses())
        assert [row.phase for row in rows] == ["owned", "owned", "owned", "unowned"]
        assert [(r.narrator, r.reader) for r in rows[:3]] == [(b.narrator, b.reader) for b in before[:3]]
        rows = await world.rounds()
        assert [row.generation for row in rows] == [1, 1, 1, 2]
        news = [call for a in world.actors for call in a.handle.calls[calls[a.name] :]]
        assert {call[1] if isinstance(call[1], int) else call[1].partition for call in news} == {3}

    tell(story)


def test_a_partition_that_its_owner_does_not_know_of_is_taken_over() -> None:
    async def story(world: World) -> None:
        row = (await world.rounds())[0]
        del world.process(row.narrator).held[0]
        after = (await world.rounds())[0]
        assert (after.phase, after.generation) == ("owned", 2)

    tell(story)
