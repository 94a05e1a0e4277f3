"""From a stream's checkpoint record to the state that it goes on from: the blob, the one before, or none."""

import logging
from dataclasses import dataclass, replace

from pipeline.commit.checkpoint_record import StreamCheckpoint
from pipeline.commit.deleted_frames import DeletedFrames, last_seen
from pipeline.commit.empty_memory import begin_anew, with_unnarrated
from pipeline.commit.ports import BlobStore
from pipeline.commit.recovered import RecoveredStream
from pipeline.errors import BlobLostError
from pipeline.messages.events import Fault, FaultKind, StreamEvent

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Restored:
    """A stream after recovery.

    Attributes:
        record: Its record as it is now (not yet in the log, if it changed).
        state: What it goes on from.
        events: What is to be told of it.
    """

    record: StreamCheckpoint
    state: RecoveredStream
    events: tuple[StreamEvent, ...] = ()


def restore_stream(
    stream: str,
    record: StreamCheckpoint,
    blobs: BlobStore,
    *,
    model_hash: str,
    logged_position: int,
    beginning: int,
) -> Restored:
    """Find the best state of a stream that can be had.

    1. The blob of `base`, and the frames since then with the journal's decisions.
    2. If it is lost: the state before it, and a longer replay.
    3. If that is lost too, or another model made the state: a new state after the last committed narration,
       with a fault event and a clear error in the log. Committed narrations are never made again in any case.

    Frames that Kafka deleted before they were narrated are told as a gap; what the memory lacks as a fault.

    Args:
        stream: Stream id.
        record: The stream's record in the log.
        blobs: Where the snapshots are.
        model_hash: The model that narrates now.
        logged_position: The partition's position in the log.
        beginning: First offset of the frames that are still there.

    Raises:
        StateStoreError: The store does not answer: then nothing is known to be lost, and trying again helps.
    """
    deleted = DeletedFrames(logged_position, beginning)
    if record.model_hash != model_hash:
        reason = f"it was made by model {record.model_hash}, and this is {model_hash}"
        return _begin_anew(stream, record, deleted, model_hash, FaultKind.MODEL_CHANGED, reason)
    reason = ""
    for candidate in (record, _before_base(record, max(logged_position, beginning))):
        if candidate is None:
            continue
        if deleted.breaks(candidate):
            reason = reason or "narrated frames were deleted before it was stored"
            continue
        try:
            return _go_on(stream, candidate, record, blobs, deleted)
        except BlobLostError as error:
            reason = error.message
            _log.warning("stream %s: %s", stream, reason)
    return _begin_anew(stream, record, deleted, model_hash, FaultKind.MEMORY_LOST, reason)


def _before_base(record: StreamCheckpoint, committed_position: int) -> StreamCheckpoint | None:
    previous = record.previous
    if previous is None:
        return None
    behind = previous.next_offset if previous.next_offset < committed_position else None
    return replace(record, base=previous, previous=None, replay_from=behind)


def _go_on(
    stream: str,
    record: StreamCheckpoint,
    logged: StreamCheckpoint,
    blobs: BlobStore,
    deleted: DeletedFrames,
) -> Restored:
    base = record.base
    snapshot = blobs.get(base.blob) if base.blob is not None else None
    restored, events = deleted.step_over(record, logged)
    if events:
        _log.error("stream %s: frames after offset %d are gone", stream, base.position.offset)
    return Restored(restored, _state(restored, snapshot, lost_state=bool(events)), events)


def _begin_anew(
    stream: str,
    record: StreamCheckpoint,
    deleted: DeletedFrames,
    model_hash: str,
    kind: FaultKind,
    reason: str,
) -> Restored:
    anew = replace(begin_anew(record), model_hash=model_hash)
    faults: tuple[StreamEvent, ...] = ()
    if not record.ended:
        offset = anew.base.position.offset
        _log.error(
            "stream %s: its memory is lost and begins anew after offset %d: %s", stream, offset, reason
        )
        epoch, time_ns = last_seen(record)
        message = f"The stream goes on with an empty memory: {reason}"
        faults = (with_unnarrated(Fault(kind, epoch, message, time_ns), record),)
    anew, gaps = deleted.step_over(anew, record)
    return Restored(anew, _state(anew, None, lost_state=not record.ended), (*gaps, *faults))


def _state(record: StreamCheckpoint, snapshot: bytes | None, *, lost_state: bool) -> RecoveredStream:
    base = record.base
    return RecoveredStream(
        snapshot=snapshot,
        covered=base.position,
        next_offset=base.next_offset,
        journal=record.journal_after(base.position),
        admission=base.admission,
        dead_lettered_through=record.dead_lettered_through,
        next_event=record.next_event,
        ended=record.ended,
        lost_state=lost_state,
        settings=base.settings,
        decided_through=record.decided_through,
        left_out=record.left_out_after(base.position),
        is_silent=record.silent_since_ns is not None,
    )
