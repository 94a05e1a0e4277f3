"""All promises of the protocol, checked after every step through `read_committed` readers."""

from __future__ import annotations

from operators.narrator.types import FramePosition
from pipeline.commit.checkpoint_json import decode_owner, decode_partition, decode_stream
from pipeline.commit.checkpoint_record import StreamCheckpoint
from pipeline.kafka_io.records import Record
from pipeline.wire.narration_event import NarrationEvent
from tests.support.commit_model import TOPICS
from tests.support.crash_model.cameras import MAX_INDEX, STREAMS
from tests.support.crash_model.fold import Fold, maker_of
from tests.support.crash_model.promises import require
from tests.support.crash_model.readers import NarrationReader
from tests.support.crash_model.takeovers import check_takeover
from tests.support.crash_model.toy_stream import Memory, is_unusable
from tests.support.crash_model.world import World


class Checker:
    """Mutable: remembers what was seen, so that each check costs only what is new.

    Attributes:
        reader: What readers of the narrations have seen.
        records: The streams' checkpoint records as of now.
        dead_offsets: Offsets of the dead letters.

    Args:
        world: What is checked.
    """

    def __init__(self, world: World) -> None:
        self.reader = NarrationReader(world.cameras)
        self.records: dict[str, StreamCheckpoint] = {}
        self.dead_offsets: set[int] = set()
        self.position = 0
        self._generation = 0
        self._world = world
        self._num_seen = dict.fromkeys(world.broker.logs, 0)
        self._folds: dict[tuple[int, str], Fold] = {}
        self._num_takeovers = 0

    def check(self) -> None:
        """Raise ViolationError if a promise is broken."""
        if not self._world.broker.coordinator.is_settled:
            # A transaction's markers reach one topic before the other: nothing can be said across topics.
            return
        for record in self._news(TOPICS.narrations):
            event = self.reader.take(record)
            if event is not None:
                self._check_narration(event)
        for record in self._news(TOPICS.dlq):
            self._take_dead_letter(record)
        changed = {name for record in self._news(TOPICS.checkpoints) if (name := self._take(record))}
        for name in changed & set(self.records):
            self._check_record(name, self.records[name])
        for name, checkpoint in self.records.items():
            for blob in checkpoint.blobs:
                is_there = blob.key in self._world.store.blobs or blob.key in self._world.store.lost
                require(is_there, "a blob that a record names is not deleted", name, blob)
        for narrator in list(self._world.taken_over.values())[self._num_takeovers :]:
            check_takeover(narrator, self._world, self.reader, self.position)
        self._num_takeovers = len(self._world.taken_over)

    def fold(self, process: int, stream: str) -> Fold:
        """The stream as the process must have seen it."""
        key = (process, stream)
        if key not in self._folds:
            log, narrator = self.reader.streams[stream], self._world.taken_over[process]
            self._folds[key] = Fold(
                process,
                stream,
                narrator.session.recovery,
                self._world.cameras,
                log,
            )
        return self._folds[key]

    def _news(self, topic: str) -> list[Record]:
        stable, seen = self._world.broker.logs[topic].stable, self._num_seen[topic]
        self._num_seen[topic] = len(stable)
        return stable[seen:]

    def _check_narration(self, event: NarrationEvent) -> None:
        maker = maker_of(event)
        require(maker in self._world.taken_over, "only an owner narrates", event)
        log, stream = self.reader.streams[event.stream], event.stream
        recovered = self._world.taken_over[maker].session.recovery.streams.get(stream)
        fold, is_first = self.fold(maker, stream), len(log.said) == 1
        before = None if is_first else list(log.said.values())[-2]
        if recovered is not None:
            is_new = before is None or maker_of(before) != maker
            # Without a snapshot nothing was there to be lost, unless something was said of it.
            is_empty = recovered.snapshot is not None and is_unusable(maker, stream)
            is_empty |= recovered.snapshot is None and recovered.lost_state and not log.deleted
            require(
                log.has_empty_memory or not (is_new and is_empty), "a memory that was lost is told", event
            )
        log.has_empty_memory = False
        if event.narration.forced:
            fold.check_last_words(event)
        else:
            require(
                fold.state_at(event.narration.end) is not None,
                "a narration is about frames that exist",
                event,
            )

    def _take_dead_letter(self, record: Record) -> None:
        offset = int(dict(record.headers)["error-offset"])
        require(offset not in self.dead_offsets, "a record is dead-lettered once", offset)
        self.dead_offsets.add(offset)

    def _take(self, record: Record) -> str | None:
        """A checkpoint record; returns the stream that it is about."""
        name = (record.key or b"").decode()
        if name.startswith("@partition"):
            assert record.value is not None
            position = decode_partition(record.value).position
            require(position >= self.position, "the position never goes back", position, self.position)
            self.position = position
        elif name.startswith("@owner"):
            assert record.value is not None
            generation = decode_owner(record.value).generation
            require(generation >= self._generation, "generations never go back", generation)
            self._generation = generation
        elif record.value is None:
            self.records.pop(name, None)
        else:
            self.records[name] = decode_stream(record.value)
        return name if name in STREAMS else None

    def _check_record(self, stream: str, checkpoint: StreamCheckpoint) -> None:
        log = self.reader.streams[stream]
        is_counted = checkpoint.next_event in (0, log.num_events)
        require(is_counted, "what a checkpoint remembers was told", stream, checkpoint, log.num_events)
        for segment in checkpoint.journal:
            event = log.said.get(segment.end)
            is_same = event is not None and event.narration.token_ids == segment.token_ids
            require(is_same, "the journal holds what was narrated", stream, segment, event)
        for base in (checkpoint.base, checkpoint.previous):
            if base is not None and base.blob is not None:
                self._check_state(stream, base.position, base.blob.sha256)

    def _check_state(self, stream: str, position: FramePosition, sha256: str) -> None:
        store = self._world.store
        memory = Memory.of(store.archive[sha256])
        if position.index == MAX_INDEX and memory.last is not None:
            # Behind it frames are deleted, and that is told.
            position = memory.last
        # The newest one first: a state that did not change since may have been stored by several.
        makers = [n for n in reversed(store.writers[sha256]) if n in self._world.taken_over]
        is_fold = any(self.fold(number, stream).state_at(position) == memory.state for number in makers)
        require(is_fold, "a state is the fold of exactly the frames before", stream, position)
