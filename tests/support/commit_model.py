"""A model of Kafka and Redis for one partition, in memory, in which every step can fail."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.commit import ports
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_json import decode_partition
from pipeline.commit.identity import SessionIdentity
from pipeline.commit.recovery import recover
from pipeline.commit.session import PartitionSession
from pipeline.commit.snapshot_policy import SnapshotPolicy
from pipeline.errors import BlobLostError, FencedError, OutcomeUnknownError, StateStoreError
from pipeline.kafka_io.records import OffsetBounds, OutgoingRecord, Record
from pipeline.wire.topics import TopicNames

TOPICS = TopicNames.of("")
MAX_BYTES = {TOPICS.narrations: 2**20, TOPICS.checkpoints: 2**20, TOPICS.dlq: 2**20}
POLICY = SnapshotPolicy(every_segments=2, every_s=30.0, lag_records=10)


class CrashError(BaseException):
    """The process dies here."""


@dataclass
class Faults:
    """Fails at chosen steps: `plan` maps the number of a step to what happens there."""

    plan: dict[int, str] = field(default_factory=dict)
    num_steps: int = 0
    seen: list[str] = field(default_factory=list)

    def step(self, name: str, *kinds: str) -> str | None:
        """Pass one step; returns the fault if it is one of `kinds`, dies if it is `crash`."""
        self.num_steps += 1
        self.seen.append(name)
        fault = self.plan.get(self.num_steps)
        if fault == "crash":
            raise CrashError(name)
        return fault if fault in kinds else None


@dataclass
class Clock:
    """A clock that tests move."""

    now_s: float = 0.0

    def monotonic_s(self) -> float:
        return self.now_s

    def time_ns(self) -> int:
        return int(self.now_s * 1e9)


@dataclass
class ModelStore:
    """Immutable blobs in a dictionary."""

    faults: Faults
    blobs: dict[str, bytes] = field(default_factory=dict)
    num_losses: int = 0

    def flush(self) -> None:
        """The store comes back empty."""
        self.blobs.clear()
        self.num_losses += 1

    def put(self, partition: int, generation: int, stream: str, data: bytes) -> BlobRef:
        digest = hashlib.sha256(data).hexdigest()
        ref = BlobRef(f"{partition}:{generation}:{stream}:{digest[:16]}", digest, len(data))
        if self.faults.step("before put", "down"):
            raise StateStoreError("down")
        assert self.blobs.setdefault(ref.key, data) == data
        self.faults.step("after put")
        return ref

    def get(self, ref: BlobRef) -> bytes:
        self.faults.step("before get")
        if ref.key not in self.blobs:
            raise BlobLostError(f"{ref.key} is not there")
        return self.blobs[ref.key]

    def delete(self, refs: Iterable[BlobRef]) -> None:
        if self.faults.step("before delete", "down"):
            raise StateStoreError("down")
        for ref in refs:
            self.blobs.pop(ref.key, None)
        self.faults.step("after delete")

    def sweep(self, partition: int, generation: int, keep: Collection[BlobRef]) -> int:
        self.faults.step("before sweep")
        kept = {ref.key for ref in keep}
        garbage = [key for key in self.blobs if int(key.split(":")[1]) < generation and key not in kept]
        for key in garbage:
            del self.blobs[key]
        return len(garbage)

    def missing(self, refs: Collection[BlobRef]) -> frozenset[BlobRef]:
        if self.faults.step("before missing", "down"):
            raise StateStoreError("down")
        return frozenset(ref for ref in refs if ref.key not in self.blobs)

    def data_set(self) -> str:
        return f"data set {self.num_losses}"


@dataclass
class ModelBroker:
    """One partition of each topic; only committed records are in the logs."""

    faults: Faults
    frames: list[Record] = field(default_factory=list)
    beginning: int = 0
    logs: dict[str, list[Record]] = field(default_factory=lambda: {topic: [] for topic in MAX_BYTES})
    epoch: int = 0
    topic_id: str = "id"

    def read_checkpoints(self, start: int | None, timeout_s: float) -> ports.CheckpointPage:
        self.faults.step("before reading checkpoints")
        log = self.logs[TOPICS.checkpoints]
        return ports.CheckpointPage(tuple(log[start or 0 :]), len(log))

    def become_writer(self) -> ModelWriter:
        self.faults.step("before fencing")
        self.epoch += 1
        writer = ModelWriter(self, self.epoch)
        self.faults.step("after fencing")
        return writer

    def frames_topic_id(self) -> str:
        return self.topic_id

    def frame_bounds(self) -> OffsetBounds:
        return OffsetBounds(self.beginning, self.frames[-1].offset + 1 if self.frames else self.beginning)

    def positions(self) -> list[int]:
        """All positions that were ever committed."""
        log = self.logs[TOPICS.checkpoints]
        return [decode_partition(r.value).position for r in log if r.key == b"@partition/0" and r.value]


@dataclass
class ModelWriter:
    """A transactional producer: fenced as soon as a newer one exists."""

    broker: ModelBroker
    epoch: int
    is_closed: bool = False

    def transact(self, records: Sequence[OutgoingRecord], timeout_s: float) -> tuple[int, ...]:
        faults = self.broker.faults
        assert not self.is_closed
        assert records
        faults.step("before begin")
        if self.epoch != self.broker.epoch:
            raise FencedError("fenced")
        faults.step("inside the transaction")
        if faults.step("before commit", "unknown"):
            raise OutcomeUnknownError("no answer, not committed")
        offsets = []
        for record in records:
            assert record.partition == 0
            log = self.broker.logs[record.topic]
            assert record.size_bytes <= MAX_BYTES[record.topic]
            log.append(Record(record.topic, 0, len(log), 0, record.key, record.value, record.headers))
            offsets.append(len(log) - 1)
        if faults.step("after commit", "unknown"):
            raise OutcomeUnknownError("no answer, committed")
        return tuple(offsets)

    def close(self) -> None:
        self.is_closed = True


@dataclass
class World:
    """The partition's surroundings, which outlive every process."""

    faults: Faults = field(default_factory=Faults)
    clock: Clock = field(default_factory=Clock)
    generation: int = 0

    def __post_init__(self) -> None:
        self.broker = ModelBroker(self.faults)
        self.store = ModelStore(self.faults)

    def identity(self, generation: int, model_hash: str = "m") -> SessionIdentity:
        return SessionIdentity("app", TOPICS, 0, 1, generation, f"n{generation}", "model", model_hash)

    def take_over(
        self, generation: int | None = None, model_hash: str = "m", *, accept_state_loss: bool = False
    ) -> PartitionSession:
        """A new process takes the partition over."""
        if generation is None:
            self.generation += 1
            generation = self.generation
        return open_session(
            self.identity(generation, model_hash),
            self.broker,
            self.store,
            self.clock,
            accept_state_loss=accept_state_loss,
        )


def open_session(
    identity: SessionIdentity,
    broker: ports.PartitionBroker,
    store: ports.BlobStore,
    clock: ports.Clock,
    *,
    accept_state_loss: bool,
) -> PartitionSession:
    """What a process does that was given the partition."""
    takeover = recover(
        identity,
        broker,
        store,
        policy=POLICY,
        clock=clock,
        timeout_s=1.0,
        accept_state_loss=accept_state_loss,
    )
    return PartitionSession(identity, takeover, store, clock, max_bytes=MAX_BYTES, commit_deadline_s=1.0)
