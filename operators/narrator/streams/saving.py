"""A stream's complete state into a snapshot, and out of one."""

import math

import torch

from operators.errors import EngineError
from operators.narrator.language.cache import KeyValueCache
from operators.narrator.sequences.pieces import Region
from operators.narrator.streams.memory_slots import MemorySlots
from operators.narrator.streams.snapshot import StreamSnapshot
from operators.narrator.streams.stream import Stream


def take_snapshot(
    stream: Stream, cache: KeyValueCache, memory: MemorySlots, model_hash: str
) -> StreamSnapshot:
    """Copy everything that a stream is.

    Raises:
        EngineError: The stream's rules keep books that a snapshot does not hold.
    """
    if stream.slot_pruning is not None:
        raise EngineError(
            f"stream {stream.name}: there are no snapshots under the rules {stream.plan.rules.name!r}.",
            action="Use `released_live` or `paper`.",
        )
    regions = stream.regions
    places = torch.from_numpy(stream.slot * cache.slot_size + regions.visible_keys()[0])
    keys, values = cache.export(places)
    present = cache.export_present(places)
    return StreamSnapshot(
        settings=stream.settings,
        model_hash=model_hash,
        rules=stream.plan.rules.name,
        position=stream.position,
        segment=stream.segment,
        num_frames=stream.num_frames,
        frames_since_narration=stream.frames_since_narration,
        start=stream.start,
        start_time_ns=stream.start_time_ns,
        last_narration_ns=stream.last_narration_ns,
        p_skip_margin=None if math.isinf(stream.p_skip_margin) else stream.p_skip_margin,
        end_of_turn_pending=stream.end_of_turn_pending,
        next_position=regions.next_position,
        prompt=tuple((run.position, run.length) for run in regions.prompt),
        narrations=tuple((run.position, run.length) for run in regions.narrations),
        visual=tuple((run.position, run.length) for run in regions.visual),
        memory={name: tensor.cpu() for name, tensor in memory.export(stream.slot).items()},
        keys=keys.cpu(),
        values=values.cpu(),
        present=None if present is None else present.cpu(),
    )


def restore_snapshot(
    stream: Stream, snapshot: StreamSnapshot, cache: KeyValueCache, memory: MemorySlots, model_hash: str
) -> None:
    """Fill a new stream with a snapshot. Thresholds and limits stay those that it was opened with.

    Raises:
        EngineError: The snapshot belongs to another model, prompt, history or other rules.
    """
    if model_hash and snapshot.model_hash and model_hash != snapshot.model_hash:
        raise _unfit(stream, f"model {snapshot.model_hash}, not {model_hash}")
    if snapshot.rules != stream.plan.rules.name:
        raise _unfit(stream, f"the rules {snapshot.rules!r}, not {stream.plan.rules.name!r}")
    for name in ("prompt", "history"):
        if getattr(snapshot.settings, name) != getattr(stream.settings, name):
            raise _unfit(stream, f"{name} {getattr(snapshot.settings, name)!r}")
    regions = stream.regions
    for region, runs in zip(Region, (snapshot.prompt, snapshot.narrations, snapshot.visual), strict=True):
        for position, length in runs:
            regions.next_position = position
            regions.append(region, length)
    regions.next_position = snapshot.next_position
    places, positions = (torch.from_numpy(x) for x in regions.visible_keys())
    expected = cache.shape_of(len(places))
    if {snapshot.keys.shape, snapshot.values.shape} != {expected}:
        raise _unfit(stream, "a model of other sizes")
    present = snapshot.present
    if (None if present is None else present.shape) != cache.present_shape(len(places)):
        raise _unfit(stream, "a model that routes other layers")
    memory.open(stream.slot, stream.settings.history, snapshot.memory)
    places = stream.slot * cache.slot_size + places
    cache.restore(places, positions, snapshot.keys, snapshot.values, present)
    for name in ("position", "segment", "num_frames", "frames_since_narration", "start", "start_time_ns"):
        setattr(stream, name, getattr(snapshot, name))
    stream.last_narration_ns = snapshot.last_narration_ns
    stream.is_opening = not snapshot.prompt
    stream.p_skip_margin = math.inf if snapshot.p_skip_margin is None else snapshot.p_skip_margin
    stream.end_of_turn_pending = snapshot.end_of_turn_pending


def _unfit(stream: Stream, what: str) -> EngineError:
    return EngineError(
        f"stream {stream.name}: the snapshot belongs to {what}.",
        action="Use the one it was taken with, or start the stream without a snapshot.",
    )
