"""Checkpoint records as JSON: versioned, and read strictly: a misread record would repeat or lose text."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from operators.narrator.types import FramePosition
from pipeline.commit.blob import BlobRef
from pipeline.commit.checkpoint_record import (
    BaseState,
    JournalSegment,
    OwnerRecord,
    PartitionCheckpoint,
    StreamCheckpoint,
)
from pipeline.commit.strict_json import Fields, integer, read_object
from pipeline.errors import CheckpointRecordError
from pipeline.messages.events import FrameRange
from pipeline.reader.admission import AdmissionState

VERSION = 2
"""Version of all three records. A change that old readers would misread needs a new number."""

_READ_VERSIONS = (1, VERSION)
"""Version 1 knew narrations and dead letters only: what it lacks was not yet told of any stream."""

T = TypeVar("T")
CheckpointValue = StreamCheckpoint | PartitionCheckpoint | OwnerRecord


def encode(record: CheckpointValue) -> bytes:
    """Value of a record's Kafka message."""
    if isinstance(record, StreamCheckpoint):
        data = _stream_to_json(record)
    elif isinstance(record, PartitionCheckpoint):
        data = asdict(record)
    else:
        data = asdict(record) | {"time_ns": str(record.time_ns)}
    return json.dumps({"v": VERSION, **data}, separators=(",", ":")).encode()


def decode_stream(value: bytes) -> StreamCheckpoint:
    """Read the record of a stream; raises CheckpointRecordError."""
    return _decode(value, _stream_from_json)


def decode_partition(value: bytes) -> PartitionCheckpoint:
    """Read `@partition/p`; raises CheckpointRecordError."""
    return _decode(
        value,
        lambda f: PartitionCheckpoint(
            f.integer("position"),
            f.integer("dead_lettered_through"),
            f.added("cameras_dead_lettered_through", integer, -1),
        ),
    )


def decode_owner(value: bytes) -> OwnerRecord:
    """Read `@owner/p`; raises CheckpointRecordError."""
    return _decode(
        value,
        lambda f: OwnerRecord(
            f.integer("generation"),
            f.text("narrator"),
            int(f.text("time_ns")),
            f.added("application", str, ""),
            f.added("frames_topic_id", str, ""),
            f.added("num_partitions", integer, 0),
        ),
    )


def _decode(value: bytes, read: Callable[[Fields], T]) -> T:
    try:
        fields = Fields(json.loads(value))
        version = fields.integer("v")
        if version not in _READ_VERSIONS:
            raise ValueError(f"its version is {version}, and this program reads {_READ_VERSIONS}")
        record = read(fields)
        fields.finish()
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointRecordError(
            f"The checkpoint record {value[:80]!r} can't be read: {error!r}.",
            action="Run the version of flownar that wrote it, or one that can migrate it.",
        ) from error
    return record


def _stream_to_json(record: StreamCheckpoint) -> dict[str, Any]:
    return {
        "model_hash": record.model_hash,
        "base": _base_to_json(record.base),
        "narrated_through": _position_to_json(record.narrated_through),
        "previous": record.previous and _base_to_json(record.previous),
        "journal": [
            {"end": _position_to_json(s.end), "token_ids": list(s.token_ids), "settings": s.settings}
            for s in record.journal
        ],
        "admission": record.admission and record.admission.to_json(),
        "next_event": record.next_event,
        "dead_lettered_through": record.dead_lettered_through,
        "replay_from": record.replay_from,
        "ended": record.ended,
        "told_through": _position_to_json(record.told_through),
        "silent_since_ns": None if record.silent_since_ns is None else str(record.silent_since_ns),
        "left_out": [
            [*_position_to_json(f.first), *_position_to_json(f.last), f.num_frames] for f in record.left_out
        ],
        "left_out_through": _position_to_json(record.left_out_through),
    }


def _stream_from_json(fields: Fields) -> StreamCheckpoint:
    narrated_through = _position(fields.take("narrated_through", list))
    return StreamCheckpoint(
        model_hash=fields.text("model_hash"),
        base=_base_from_json(fields.take("base", dict)),
        narrated_through=narrated_through,
        previous=fields.optional("previous", _base_from_json),
        journal=tuple(_segment_from_json(item) for item in fields.take("journal", list)),
        admission=fields.optional("admission", AdmissionState.from_json),
        next_event=fields.integer("next_event"),
        dead_lettered_through=fields.integer("dead_lettered_through"),
        replay_from=fields.optional("replay_from", integer),
        ended=fields.take("ended", bool),
        told_through=fields.added("told_through", _position, narrated_through),
        silent_since_ns=fields.added("silent_since_ns", _integer_text, None),
        left_out=fields.added("left_out", _ranges, ()),
        left_out_through=fields.added("left_out_through", _position, narrated_through),
    )


def _base_to_json(base: BaseState) -> dict[str, Any]:
    blob = base.blob
    return {
        "position": _position_to_json(base.position),
        "complete": base.complete,
        "admission": base.admission and base.admission.to_json(),
        "blob": blob and {"key": blob.key, "sha256": blob.sha256, "size_bytes": blob.size_bytes},
        "settings": base.settings,
    }


def _base_from_json(value: Any) -> BaseState:
    return read_object(
        value,
        lambda f: BaseState(
            position=_position(f.take("position", list)),
            complete=f.take("complete", bool),
            admission=f.optional("admission", AdmissionState.from_json),
            blob=f.optional("blob", _blob_from_json),
            settings=f.added("settings", _text, None),
        ),
    )


def _blob_from_json(value: Any) -> BlobRef:
    return read_object(value, lambda f: BlobRef(f.text("key"), f.text("sha256"), f.integer("size_bytes")))


def _segment_from_json(value: Any) -> JournalSegment:
    return read_object(
        value,
        lambda f: JournalSegment(
            end=_position(f.take("end", list)),
            token_ids=tuple(integer(token) for token in f.take("token_ids", list)),
            settings=f.added("settings", _text, None),
        ),
    )


def _position_to_json(position: FramePosition) -> list[int]:
    return [position.offset, position.index]


def _ranges(value: list[Any]) -> tuple[FrameRange, ...]:
    return tuple(FrameRange(_position(item[0:2]), _position(item[2:4]), integer(item[4])) for item in value)


def _text(value: Any) -> str | None:
    if value is not None and type(value) is not str:
        raise TypeError(f"{value!r:.40} is no text")
    return value


def _integer_text(value: Any) -> int | None:
    return None if value is None else int(value)


def _position(value: list[Any]) -> FramePosition:
    offset, index = value
    return FramePosition(integer(offset), integer(index))
