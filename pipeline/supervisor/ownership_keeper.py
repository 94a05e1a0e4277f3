"""Keeps every partition owned: assigns what is unowned, takes from the dead, moves what is badly placed."""

import logging
import time

from pipeline.cluster.remote_errors import describe
from pipeline.config import Settings
from pipeline.errors import HigherGenerationError
from pipeline.messages.status import MoveReply, OwnershipStatus
from pipeline.supervisor import assignment, balancing
from pipeline.supervisor.actor_keeper import ActorKeeper
from pipeline.supervisor.background import Background
from pipeline.supervisor.blame import Services
from pipeline.supervisor.hearing import Hearing
from pipeline.supervisor.holdings import note_strays, table_of
from pipeline.supervisor.kinds import Kind
from pipeline.supervisor.managed_actor import ManagedActor
from pipeline.supervisor.move_request import refusal
from pipeline.supervisor.run_status import ownership_status
from pipeline.supervisor.table import Ownership, Phase, Table, new_table
from pipeline.supervisor.takeovers import hand_over, take_over
from pipeline.supervisor.troubles import Troubles

_log = logging.getLogger(__name__)

REBALANCE_EVERY_S = 5.0
"""Partitions move one by one; between two moves there is time to see what the first one changed."""

SETTLE_S = 15.0
"""Time for all actors of a new run to answer: what is assigned sooner would have to be moved soon."""


class OwnershipKeeper:
    """All partitions of a run. Lives in an event loop.

    Args:
        settings: All settings.
        actors: All actors.
        background: Where takeovers go on.
    """

    def __init__(self, settings: Settings, actors: ActorKeeper, background: Background) -> None:
        self._actors = actors
        self._background = background
        self._takeover_deadline_s = 2 * settings.commit.takeover_deadline_s
        self._table = new_table(settings.kafka.partitions)
        self._hearing = Hearing(actors)
        redis = settings.redis.url.rpartition("@")[2].removeprefix("redis://")
        self._troubles = Troubles(Services(settings.kafka.bootstrap_servers, redis))
        self._rebalance_at_s = 0.0
        self._balanced_s: dict[int, float] = {}
        self._settle_until_s = time.monotonic() + SETTLE_S

    def attach(self) -> None:
        """Begin with what the actors of a former supervisor hold."""
        held, given_up = self._hearing.held(), self._hearing.given_up()
        self._table = table_of(len(self._table), held, given_up, time.monotonic())
        self._settle_until_s = 0.0
        for row in self._table:
            owners = f"{row.narrator}, read by {row.reader}" if row.phase is Phase.OWNED else row.reason
            _log.info("partition %d generation %d: %s", row.partition, row.generation, owners)

    @property
    def waiting(self) -> str:
        """The services that must come back before all partitions can be owned; "" if none."""
        return self._troubles.waiting

    @property
    def is_complete(self) -> bool:
        """Every partition is owned."""
        return all(row.phase is Phase.OWNED for row in self._table)

    def statuses(self) -> tuple[OwnershipStatus, ...]:
        """What can be told about every partition."""
        loads, get = self._hearing.loads, self._actors.get
        return tuple(
            ownership_status(row, get(row.narrator), get(row.reader), loads.rate(row.partition))
            for row in self._table
        )

    def move(self, partition: int, narrator: str) -> MoveReply:
        """Let a partition move to a narrator, unless it is there, and stay until that one is gone."""
        reply = refusal(self._table, self._actors, partition, narrator, self.waiting)
        if reply is None:
            self._table = assignment.pin(self._table, partition, narrator)
        return reply or MoveReply(accepted=True)

    def actor_gone(self, actor: ManagedActor, reason: str) -> None:
        """An actor is silent, or dead: its partitions go to others."""
        if actor.kind is Kind.NARRATOR:
            self._table = assignment.narrator_lost(self._table, actor.name, reason)
        elif actor.kind is Kind.READER:
            self._begin_moves(assignment.reader_lost(self._table, actor.name, reason))

    def owner_of(self, partition: int) -> tuple[str, int]:
        """Narrator and generation of a partition; the narrator is "" while it is not owned."""
        row = self._table[partition]
        return (row.narrator if row.phase is Phase.OWNED else ""), row.generation

    def round(self, *, may_assign: bool) -> None:
        """Hear what is new, move a partition if that helps, assign what is unowned unless it is too soon."""
        now_s = time.monotonic()
        news = self._hearing.round(self._table, now_s)
        for gone in news.lost:
            self._fail(
                assignment.lost(self._table, gone.partition, gone.generation, gone.reason), gone.reason
            )
        self._table = note_strays(self._table, news.strays)
        self._troubles.round(self._table, self._hearing.services_down(), now_s)
        self._move(now_s)
        if may_assign:
            self._assign(now_s)

    def _move(self, now_s: float) -> None:
        if self.waiting:
            # Who has a partition may go on without the service for a while; the next owner could not begin.
            return
        narrators, readers = self._actors.usable(Kind.NARRATOR), self._actors.usable(Kind.READER)
        move = balancing.move_to_pin(self._table, narrators)
        if move is None and now_s >= self._rebalance_at_s:
            self._rebalance_at_s = now_s + REBALANCE_EVERY_S
            weights = self._hearing.loads.weights(len(self._table))
            resting = {p for p, at_s in self._balanced_s.items() if now_s - at_s < balancing.REST_S}
            move = balancing.rebalance(self._table, narrators, readers, weights, resting)
            if move is not None:
                self._balanced_s[move.partition] = now_s
        if move is not None:
            self._begin_moves(
                assignment.handing_over(self._table, move.partition, move.reason, move.narrator, move.reader)
            )

    def _begin_moves(self, table: Table) -> None:
        before, self._table = self._table, table
        for old, new in zip(before, table, strict=True):
            if new.phase is Phase.HANDING_OVER and old.phase is not Phase.HANDING_OVER:
                _log.info("partition %d generation %d moves: %s", new.partition, new.generation, new.reason)
                self._background.start(self._hand_over(new))

    def _assign(self, now_s: float) -> None:
        workers = self._actors.of(Kind.NARRATOR) + self._actors.of(Kind.READER)
        if now_s < self._settle_until_s and any(actor.health is None for actor in workers):
            return
        before = self._table
        self._table = assignment.assign(
            before,
            {row.partition for row in before if self._troubles.is_due(row.partition, now_s)},
            self._actors.candidates(Kind.NARRATOR),
            self._actors.candidates(Kind.READER),
            self._hearing.loads.weights(len(before)),
        )
        for old, new in zip(before, self._table, strict=True):
            if new is not old:
                self._settle_until_s = 0.0
                self._background.start(self._take_over(new))

    async def _take_over(self, row: Ownership) -> None:
        narrator, reader = self._actors.get(row.narrator), self._actors.get(row.reader)
        assert narrator is not None, "a row names actors that were there just now"
        assert reader is not None, "a row names actors that were there just now"
        partition, generation = row.partition, row.generation
        try:
            await take_over(partition, generation, narrator.handle, reader.handle, self._takeover_deadline_s)
        except HigherGenerationError as error:
            _log.info("partition %d: generation %d is in the log", partition, error.found)
            self._table = assignment.outpaced(self._table, partition, error.found, "the log has a higher one")
        except Exception as error:
            # Whatever it was: a partition that stays TAKING_OVER would have no owner for ever.
            reason = f"takeover failed: {describe(error)}"
            self._fail(assignment.refused(self._table, partition, generation, reason), reason)
        else:
            now_s = time.monotonic()
            before = self._table
            self._table = assignment.taken_over(before, partition, generation, now_s)
            if self._table[partition] is not before[partition]:
                self._troubles.owned(self._table[partition], now_s)

    async def _hand_over(self, row: Ownership) -> None:
        narrator, reader = self._actors.get(row.narrator), self._actors.get(row.reader)
        assert narrator is not None, "a row names actors that were there just now"
        is_read = reader is not None and reader.health is not None and not reader.silent
        reader_handle = reader.handle if reader and is_read else None
        await hand_over(row.partition, row.generation, narrator.handle, reader_handle)
        self._table = assignment.handed_over(self._table, row.partition, row.generation)

    def _fail(self, table: Table, reason: str) -> None:
        before, self._table = self._table, table
        for old, new in zip(before, table, strict=True):
            if new is not old:
                self._troubles.failed(new.partition, new.generation, reason, time.monotonic())
