"""A stream whose state is lost: it goes on with an empty memory behind all that was narrated of it."""

from dataclasses import replace

from pipeline.commit.checkpoint_record import BaseState, StreamCheckpoint
from pipeline.messages.events import Fault


def begin_anew(record: StreamCheckpoint) -> StreamCheckpoint:
    """The stream's record with a new state, which nothing goes into that was narrated already.

    Otherwise frames would be narrated a second time: the journal can't be repeated without the state.
    """
    base = replace(record.base, blob=None, settings=None)
    if record.narrated_through > base.position:
        # Whether the narration's last frame was the last of its record is not known; more of it may come.
        base = BaseState(record.narrated_through, complete=False, admission=record.admission)
    left_out = record.left_out_after(base.position)
    return replace(record, base=base, previous=None, journal=(), left_out=left_out)


def with_unnarrated(fault: Fault, record: StreamCheckpoint) -> Fault:
    """The fault, with the frames that were only in the lost state: no narration will cover them."""
    if record.base.position <= record.narrated_through:
        return fault
    return replace(fault, after=record.last_narrated, through=record.base.position)
