"""From a stream's checkpoint record to the state that it goes on from: the blob, the one before, or none."""

import logging
from dataclasses import dataclass, replace

from pipeline.commit.checkpoint_record import BaseState, StreamCheckpoint
from pipeline.commit.ports import BlobStore
from pipeline.commit.recovered import RecoveredStream
from pipeline.errors import BlobLostError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Restored:
    """A stream after recovery: its record as it is now (not yet in the log, if it changed), and its state."""

    record: StreamCheckpoint
    state: RecoveredStream


def restore_stream(
    stream: str,
    record: StreamCheckpoint,
    blobs: BlobStore,
    *,
    model_hash: str,
    committed_position: int,
    beginning: int,
) -> Restored:
    """Find the best state of a stream that can be had.

    1. The blob of `base`, and the frames since then with the journal's decisions.
    2. If it is lost: the state before it, and a longer replay.
    3. If that is lost too, or another model made the state: a new state after the last committed narration,
       with a clear error in the log. Committed narrations are never made again in any case.

    Args:
        stream: Stream id.
        record: The stream's record in the log.
        blobs: Where the snapshots are.
        model_hash: The model that narrates now.
        committed_position: The partition's position.
        beginning: First offset of the frames that are still there.

    Raises:
        StateStoreError: The store does not answer: then nothing is known to be lost, and trying again helps.
    """
    if record.model_hash != model_hash:
        reason = f"it was made by model {record.model_hash}, and this is {model_hash}"
        return _begin_anew(stream, record, model_hash, reason)
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
    return _begin_anew(stream, record, model_hash, reason)


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
    )
    return Restored(record, state)


def _begin_anew(stream: str, record: StreamCheckpoint, model_hash: str, reason: str) -> Restored:
    base = replace(record.base, blob=None)
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
    anew = replace(record, model_hash=model_hash, base=base, previous=None, journal=())
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
    )
    return Restored(anew, state)
