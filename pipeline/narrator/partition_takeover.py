"""The takeover of a partition on the real Kafka and Redis."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pipeline.commit.identity import SessionIdentity
from pipeline.commit.ports import BlobStore, CheckpointPage, Clock, SystemClock
from pipeline.commit.recovery import recover
from pipeline.commit.session import PartitionSession
from pipeline.commit.snapshot_policy import SnapshotPolicy
from pipeline.config import CommitSettings, Settings
from pipeline.errors import TopicError
from pipeline.kafka_io.admin import KafkaAdmin
from pipeline.kafka_io.clients import connection_kwargs
from pipeline.kafka_io.consumer import PartitionConsumer
from pipeline.kafka_io.producer import TransactionalProducer
from pipeline.kafka_io.records import OffsetBounds
from pipeline.wire.topics import TopicNames, topic_specs


def take_over(
    partition: int,
    generation: int,
    settings: Settings,
    *,
    narrator: str,
    model_id: str,
    model_hash: str,
    blobs: BlobStore,
    clock: Clock | None = None,
    on_position: Callable[[int], None] = lambda position: None,
) -> PartitionSession:
    """Become the owner of a partition and recover its state: 0.5 to 1 s on an idle machine.

    Any older owner is fenced: its commits fail from now on.

    Args:
        partition: Partition number.
        generation: Generation from the supervisor, higher than all before.
        settings: All settings.
        narrator: Id of the narrator, for people.
        model_id: Name of the model.
        model_hash: Hash of its weights and configuration.
        blobs: Where snapshots are (`StateStore`); may be shared by all sessions of a process.
        clock: The clock; None for the computer's.
        on_position: Told the position after each commit, to show lag; must return at once.

    Raises:
        HigherGenerationError: A higher generation owns the partition.
        OtherModelError: Another model made the states, and `commit.accept_state_loss` is not set.
        OwnershipError, BrokerError, StateStoreError, CheckpointRecordError: The takeover failed; it may be
            tried again, with a new generation.
    """
    clock = clock or SystemClock()
    identity = SessionIdentity(
        application=settings.kafka.application,
        topics=TopicNames.of(settings.kafka.prefix),
        partition=partition,
        num_partitions=settings.kafka.partitions,
        generation=generation,
        narrator=narrator,
        model_id=model_id,
        model_hash=model_hash,
    )
    with _KafkaPartition(settings, identity) as broker:
        takeover = recover(
            identity,
            broker,
            blobs,
            policy=snapshot_policy(settings.commit),
            clock=clock,
            timeout_s=settings.commit.takeover_deadline_s,
            accept_state_loss=settings.commit.accept_state_loss,
        )
    return PartitionSession(
        identity,
        takeover,
        blobs,
        clock,
        max_bytes=broker.max_bytes,
        commit_deadline_s=settings.commit.commit_deadline_s,
        on_position=on_position,
    )


def snapshot_policy(settings: CommitSettings) -> SnapshotPolicy:
    """When streams are snapshotted, as the settings say."""
    return SnapshotPolicy(
        every_segments=settings.snapshot_every_segments,
        every_s=settings.snapshot_every_s,
        lag_records=settings.snapshot_lag_records,
    )


class _KafkaPartition:
    """PartitionBroker on Kafka, with one consumer for the time of a takeover."""

    def __init__(self, settings: Settings, identity: SessionIdentity) -> None:
        kafka = self._kafka = settings.kafka
        self._connection = connection_kwargs(kafka)
        self._topics = identity.topics
        self._partition = identity.partition
        self._transactional_id = f"{kafka.namespace}.{identity.partition}"
        self._transaction_timeout_ms = settings.commit.transaction_timeout_ms
        specs = topic_specs(kafka, settings.frames)
        outputs = (identity.topics.narrations, identity.topics.checkpoints, identity.topics.dlq)
        self.max_bytes = {spec.name: spec.max_record_bytes for spec in specs if spec.name in outputs}
        self._consumer = PartitionConsumer(
            self._connection, client_id=f"{self._transactional_id}.takeover", read_committed=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._consumer.close()

    def read_checkpoints(self, start: int | None, timeout_s: float) -> CheckpointPage:
        """See PartitionBroker."""
        topic, deadline = self._topics.checkpoints, time.monotonic() + timeout_s
        bounds = self._consumer.bounds(topic, self._partition)
        self._consumer.assign(topic, self._partition, bounds.beginning if start is None else start)
        records = self._consumer.read_to(topic, self._partition, bounds.end, deadline)
        return CheckpointPage(tuple(records), bounds.end)

    def become_writer(self) -> TransactionalProducer:
        """See PartitionBroker."""
        return TransactionalProducer(
            self._connection,
            transactional_id=self._transactional_id,
            max_bytes=self.max_bytes,
            transaction_timeout_ms=self._transaction_timeout_ms,
        )

    def frames_topic_id(self) -> str:
        """See PartitionBroker."""
        with KafkaAdmin(self._kafka) as admin:
            states = admin.describe_topics([self._topics.frames])
        if not states:
            raise TopicError(
                f"The topic {self._topics.frames} does not exist.", action="Create it: flownar topics create"
            )
        return states[0].topic_id

    def frame_bounds(self) -> OffsetBounds:
        """See PartitionBroker."""
        return self._consumer.bounds(self._topics.frames, self._partition)
