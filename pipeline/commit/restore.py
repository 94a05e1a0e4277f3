"""From a stream's checkpoint record to the state that it goes on from: the blob, the one before, or none."""

import logging
from dataclasses import dataclass, replace

from pipeline.commit.checkpoint_record import BaseState, StreamCheckpoint
from pipeline.commit.ports import BlobStore
from pipeline.commit.recovered import RecoveredStream
from pipeline.errors import BlobLostError
from pipeline.messages.events import Fault, FaultKind, Gap, GapKind, StreamEvent

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

    Frames that Kafka deleted before they were narrated are told as a gap.

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
    position = max(logged_position, beginning)
    restored = _restore(stream, record, blobs, model_hash, position, beginning)
    gap = _deleted(restored.record, logged_position, beginning)
    return restored if gap is None else replace(restored, events=(gap, *restored.events))


def _restore(
    stream: str,
    record: StreamCheckpoint,
    blobs: BlobStore,
    model_hash: str,
    committed_position: int,
    beginning: int,
) -> Restored:
    if record.model_hash != model_hash:
        reason = f"it was made by model {record.model_hash}, and this is {model_hash}"
        return _begin_anew(stream, record, model_hash, FaultKind.MODEL_CHANGED, reason)
    try:
        return _go_on(record, blobs, lost_state=False)
    except BlobLostError as error:
        reason = error.message
    older = _before_base(record, committed_position)
    frames_lost = older is not None and older.base.next_offset < beginning
    # A new stream whose first frames are gone is as good as one that begins anew, only with a longer replay.
    if older is not None and not (frames_lost and older.base.blob is None):
        _log.warning("stream %s: %s Trying the state before it.", stream, reason)
        try:
            restored = _go_on(older, blobs, lost_state=frames_lost)
        except BlobLostError as error:
            reason = error.message
        else:
            if frames_lost:
                _log.error("stream %s: frames after offset %d are gone", stream, older.base.position.offset)
            return restored
    return _begin_anew(stream, record, model_hash, FaultKind.MEMORY_LOST, reason)


def _deleted(record: StreamCheckpoint, logged_position: int, beginning: int) -> Gap | None:
    """The gap of frames that were needed and are gone."""
    needed_from = logged_position if record.replay_from is None else record.replay_from
    first = max(needed_from, record.base.next_offset, record.narrated_through.offset)
    if record.ended or first >= beginning:
        return None
    epoch, time_ns = _last_seen(record)
    return Gap(GapKind.DELETED, epoch, time_ns, None, offsets=(first, beginning - 1))


def _last_seen(record: StreamCheckpoint) -> tuple[int, int]:
    """Epoch and capture time of the last frame that the record knows of; 0 for what it does not know."""
    known = [state for state in (record.base.admission, record.admission) if state is not None]
    epoch = max((state.epoch for state in known), default=0)
    return epoch, max((state.last_capture_ns or 0 for state in known if state.epoch == epoch), default=0)


def _before_base(record: StreamCheckpoint, committed_position: int) -> StreamCheckpoint | None:
    previous = record.previous
    if previous is None:
        return None
    behind = previous.next_offset if previous.next_offset < committed_position else None
    return replace(record, base=previous, previous=None, replay_from=behind)


def _go_on(record: StreamCheckpoint, blobs: BlobStore, *, lost_state: bool) -> Restored:
    base = record.base
    snapshot = blobs.get(base.blob) if base.blob is not None else None
    state = RecoveredStream(
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
    return Restored(record, state)


def _begin_anew(
    stream: str, record: StreamCheckpoint, model_hash: str, kind: FaultKind, reason: str
) -> Restored:
    base = replace(record.base, blob=None, settings=None)
    if record.narrated_through > base.position:
        # Whether the narration's last frame was the last of its record is not known; more of it may come.
        base = BaseState(record.narrated_through, complete=False, admission=record.admission)
    if not record.ended:
        _log.error(
            "stream %s: its memory is lost and begins anew after offset %d: %s",
            stream,
            base.position.offset,
            reason,
        )
    left_out = record.left_out_after(base.position)
    anew = replace(record, model_hash=model_hash, base=base, previous=None, journal=(), left_out=left_out)
    state = RecoveredStream(
        snapshot=None,
        covered=base.position,
        next_offset=base.next_offset,
        journal=(),
        admission=base.admission,
        dead_lettered_through=record.dead_lettered_through,
        next_event=record.next_event,
        ended=record.ended,
        lost_state=not record.ended,
        decided_through=record.decided_through,
        left_out=left_out,
        is_silent=record.silent_since_ns is not None,
    )
    return Restored(anew, state, () if record.ended else (_fault(record, base, kind, reason),))


def _fault(record: StreamCheckpoint, base: BaseState, kind: FaultKind, reason: str) -> Fault:
    epoch, time_ns = _last_seen(record)
    is_covered = base.position <= record.narrated_through
    return Fault(
        kind,
        epoch,
        f"The stream goes on with an empty memory: {reason}",
        time_ns,
        after=None if is_covered else record.last_narrated,
        through=None if is_covered else base.position,
    )
