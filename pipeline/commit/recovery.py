"""The takeover of a partition; `pipeline.commit` tells the steps, and what if the process dies in them."""

import logging
from dataclasses import dataclass, replace

from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_json import encode
from pipeline.commit.checkpoint_log import CheckpointLog
from pipeline.commit.checkpoint_record import OwnerRecord, PartitionCheckpoint, owner_key
from pipeline.commit.identity import SessionIdentity
from pipeline.commit.ledger import PartitionLedger
from pipeline.commit.other_models import others_states, refuse_others_states
from pipeline.commit.ports import BlobStore, Clock, PartitionBroker, TransactionWriter
from pipeline.commit.recovered import RecoveredPartition
from pipeline.commit.restore import Restored, restore_stream
from pipeline.commit.snapshot_policy import SnapshotPolicy
from pipeline.errors import OffsetOutOfRangeError, StateStoreError, TopicError
from pipeline.kafka_io.records import OffsetBounds, OutgoingRecord

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Takeover:
    """What a takeover gives: the writer, the bookkeeping to go on with, and the state to go on from."""

    writer: TransactionWriter
    ledger: PartitionLedger
    recovery: RecoveredPartition


def recover(
    identity: SessionIdentity,
    broker: PartitionBroker,
    blobs: BlobStore,
    *,
    policy: SnapshotPolicy,
    clock: Clock,
    timeout_s: float,
    accept_state_loss: bool = False,
) -> Takeover:
    """Take a partition over.

    Args:
        identity: Who takes over what.
        broker: Kafka, as this partition sees it.
        blobs: Where the snapshots are.
        policy: When streams are snapshotted from now on.
        clock: The clock.
        timeout_s: Deadline of each reading of the checkpoints and of the owner's transaction.
        accept_state_loss: Streams whose state another model made begin anew.

    Raises:
        TopicError: The checkpoints are those of another application or another topic of frames.
        HigherGenerationError: A higher generation owns the partition; it goes on undisturbed unless it took
            over at this very moment.
        OtherModelError: Another model made the states of some streams, and their loss is not accepted; the
            owner of before goes on undisturbed unless it committed the first of them at this very moment.
        OffsetOutOfRangeError: The partition's position is behind the end of the frames: it is another topic.
        OwnershipError, BrokerError, StateStoreError, CheckpointRecordError: The takeover failed and may be
            tried again with a new generation.
    """
    log = CheckpointLog(identity.partition)
    page = broker.read_checkpoints(None, timeout_s)
    log.extend(page.records)
    log.refuse_if_above(identity.generation)
    topic_id = broker.frames_topic_id()
    _check_pins(identity, log.owner, topic_id)
    _check_models(identity, log, accept_state_loss)
    writer = broker.become_writer()
    try:
        log.extend(broker.read_checkpoints(page.next_offset, timeout_s).records)
        log.refuse_if_above(identity.generation)
        # Its owner may have committed the first one just before it was fenced.
        _check_models(identity, log, accept_state_loss)
        bounds = broker.frame_bounds()
        writer.transact([_owner(identity, clock, topic_id)], timeout_s)
        position = _position(identity, log.position, bounds)
        restored = {
            stream: restore_stream(
                stream,
                record,
                blobs,
                model_hash=identity.model_hash,
                logged_position=position.position if log.position is None else log.position.position,
                beginning=bounds.beginning,
            )
            for stream, record in log.streams.items()
        }
    except BaseException:
        writer.close()
        raise
    start = _start(position, restored, bounds)
    recovery = RecoveredPartition(
        partition=identity.partition,
        generation=identity.generation,
        position=start,
        committed_position=position.position,
        streams={stream: item.state for stream, item in restored.items()},
        lost_frames=_lost_frames(identity, log.position, bounds),
    )
    ledger = PartitionLedger(
        model_hash=identity.model_hash,
        partition=position,
        records={stream: item.record for stream, item in restored.items()},
        changed=frozenset(s for s, item in restored.items() if item.record != log.streams[s]),
        found={stream: item.events for stream, item in restored.items() if item.events},
        start=start,
        policy=policy,
        now_s=clock.monotonic_s(),
    )
    in_log = {ref for record in log.streams.values() for ref in record.blobs}
    # Until the first commit the log still names them.
    ledger.snapshots.drop(in_log - {ref for item in restored.values() for ref in item.record.blobs})
    _sweep(identity, blobs, in_log)
    return Takeover(writer, ledger, recovery)


def _check_pins(identity: SessionIdentity, owner: OwnerRecord | None, topic_id: str) -> None:
    """Refuse a partition of another application or topic: its positions mean something else there."""
    if owner is None:
        return
    where = f"{identity.topics.checkpoints} [{identity.partition}]"
    pins = (
        ("application", owner.application, identity.application),
        ("id of the topic of frames", owner.frames_topic_id, topic_id),
        ("number of partitions", owner.num_partitions, identity.num_partitions),
    )
    for name, pinned, found in pins:
        if pinned and pinned != found:
            raise TopicError(
                f"{where} was written for the {name} {pinned}, and this is {found}.",
                action="Each application needs a kafka.prefix of its own. If the topic of frames was deleted "
                "and made again, start with another prefix, or delete the other topics too.",
            )


def _check_models(identity: SessionIdentity, log: CheckpointLog, accept_state_loss: bool) -> None:
    if not accept_state_loss:
        found = others_states(log.streams.values(), identity.model_hash)
        refuse_others_states(found, identity.model_hash)


def _owner(identity: SessionIdentity, clock: Clock, topic_id: str) -> OutgoingRecord:
    owner = OwnerRecord(
        identity.generation,
        identity.narrator,
        clock.time_ns(),
        identity.application,
        topic_id,
        identity.num_partitions,
    )
    key = owner_key(identity.partition).encode()
    return OutgoingRecord(identity.topics.checkpoints, identity.partition, key, encode(owner))


def _position(
    identity: SessionIdentity, logged: PartitionCheckpoint | None, bounds: OffsetBounds
) -> PartitionCheckpoint:
    """The position to go on from: before the first commit, the first frame that is there."""
    if logged is None:
        return PartitionCheckpoint(bounds.beginning)
    if logged.position > bounds.end:
        raise OffsetOutOfRangeError(
            f"{identity.topics.frames} [{identity.partition}]: the checkpoints stand at offset "
            f"{logged.position}, and the topic ends at {bounds.end}.",
            offset=logged.position,
            beginning=bounds.beginning,
            end=bounds.end,
            action="The topic was deleted or has lost records. Start with another kafka.prefix, or delete "
            "the checkpoints topic too.",
        )
    return replace(logged, position=max(logged.position, bounds.beginning))


def _start(position: PartitionCheckpoint, restored: dict[str, Restored], bounds: OffsetBounds) -> int:
    needed = [item.record.replay_from for item in restored.values() if item.record.replay_from is not None]
    return max(min([position.position, *needed]), bounds.beginning)


def _lost_frames(
    identity: SessionIdentity, logged: PartitionCheckpoint | None, bounds: OffsetBounds
) -> tuple[int, int] | None:
    if logged is None or logged.position >= bounds.beginning:
        return None
    lost = (logged.position, bounds.beginning - 1)
    _log.error(
        "%s [%d]: frames from offset %d to %d were deleted before they were narrated",
        identity.topics.frames,
        identity.partition,
        *lost,
    )
    return lost


def _sweep(identity: SessionIdentity, blobs: BlobStore, keep: set[BlobRef]) -> None:
    try:
        num_deleted = blobs.sweep(identity.partition, identity.generation, keep)
    except StateStoreError as error:
        _log.warning("partition %d: blobs of former owners stay: %s", identity.partition, error)
    else:
        _log.info("partition %d: deleted %d blobs of former owners", identity.partition, num_deleted)
