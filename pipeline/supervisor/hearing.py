"""What the answers of narrators and readers say about partitions."""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.messages.health import ActorHealth, LostPartition
from pipeline.supervisor.actor_keeper import ActorKeeper
from pipeline.supervisor.holdings import Holding, missing, strays
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.load import LoadMeter
from pipeline.supervisor.managed_actor import ManagedActor
from pipeline.supervisor.table import Table

TELL_AGAIN_S = 5.0
"""An actor that still holds what was taken from it is told again after this time."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new.

    Attributes:
        lost: Generations that are over.
        strays: Generations that actors hold though they were taken from them.
    """

    lost: tuple[LostPartition, ...]
    strays: tuple[Holding, ...]


class Hearing:
    """Reads every answer once.

    Args:
        actors: All actors.

    Attributes:
        loads: How much each partition has to do.
    """

    def __init__(self, actors: ActorKeeper) -> None:
        self.loads = LoadMeter()
        self._actors = actors
        self._heard_s: dict[str, float] = {}
        self._told_s: dict[tuple[str, Holding], float] = {}

    def round(self, table: Table, now_s: float) -> News:
        """Read the answers that are new; actors are told to release what was taken from them."""
        lost: list[LostPartition] = []
        found: list[Holding] = []
        heard_s: dict[str, float] = {}
        for actor, health in self._answers():
            name = str(actor.process)
            heard_s[name] = actor.asked_s
            if self._heard_s.get(name) == actor.asked_s:
                continue
            lost += _lost(table, actor, health)
            self._measure(actor, health)
            for stray in strays(table, _held(actor, health)):
                found.append(stray)
                self._tell(actor, stray, now_s)
        self._heard_s = heard_s
        self._told_s = {key: at_s for key, at_s in self._told_s.items() if now_s - at_s < TELL_AGAIN_S}
        return News(tuple(lost), tuple(found))

    def services_down(self) -> frozenset[str]:
        """Names of the services that a narrator or reader says are down."""
        return frozenset(
            needed.name
            for _, health in self._answers()
            for needed in health.dependencies
            if needed.state == "down"
        )

    def held(self) -> list[Holding]:
        """Everything that narrators and readers hold."""
        return [holding for actor, health in self._answers() for holding in _held(actor, health)]

    def given_up(self) -> list[Holding]:
        """Everything that narrators and readers say that they have lost."""
        return [
            Holding(actor.kind, actor.name, gone.partition, gone.generation)
            for actor, health in self._answers()
            for gone in health.lost
        ]

    def _answers(self) -> Iterable[tuple[ManagedActor, ActorHealth]]:
        for kind in (Kind.NARRATOR, Kind.READER):
            for actor in self._actors.of(kind):
                if actor.health is not None and not actor.silent:
                    yield actor, actor.health

    def _measure(self, actor: ManagedActor, health: ActorHealth) -> None:
        for report in health.partitions if actor.kind is Kind.NARRATOR else ():
            frames = sum(s.frames for s in health.streams if s.partition == report.partition)
            self.loads.observe(report.partition, report.generation, frames, actor.asked_s)

    def _tell(self, actor: ManagedActor, stray: Holding, now_s: float) -> None:
        key = (str(actor.process), stray)
        if key not in self._told_s:
            self._told_s[key] = now_s
            actor.handle.release.remote(stray.partition, stray.generation)


def _held(actor: ManagedActor, health: ActorHealth) -> list[Holding]:
    return [Holding(actor.kind, actor.name, h.partition, h.generation) for h in health.partitions]


def _lost(table: Table, actor: ManagedActor, health: ActorHealth) -> list[LostPartition]:
    told = [
        LostPartition(gone.partition, gone.generation, f"{actor.name}: {gone.reason}") for gone in health.lost
    ]
    untold = missing(table, actor.name, actor.asked_s, _held(actor, health))
    reason = f"{actor.name} does not hold it any more"
    return told + [LostPartition(row.partition, row.generation, reason) for row in untold]
