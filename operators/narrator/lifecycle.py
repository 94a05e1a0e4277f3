"""Opening a stream: new, or continued from a snapshot; and taking the snapshot."""

import torch

from operators.errors import EngineError
from operators.narrator.cache import KeyValueCache
from operators.narrator.context import ContextRules
from operators.narrator.memory_slots import MemorySlots
from operators.narrator.model import NarratorModel
from operators.narrator.pieces import Region
from operators.narrator.regions import RegionSizes, StreamRegions
from operators.narrator.settings import StreamSettings
from operators.narrator.snapshot import StreamSnapshot
from operators.narrator.stream import Stream, num_opening_positions, num_segment_positions
from operators.narrator.trigger import Trigger

MAX_PROMPT_TOKENS = 256
"""Room of a slot for system prompt and user prompt; ordinary ones take some dozens."""


def slot_sizes(model: NarratorModel) -> RegionSizes:
    """Return the capacity that the model's limits ask for."""
    limits, layout = model.config.limits, model.layout
    return RegionSizes(
        prompt=MAX_PROMPT_TOKENS,
        narrations=limits.max_narration_tokens + len(layout.reply) + limits.max_new_tokens,
        visual=layout.num_segment_tokens(limits.max_segment_frames),
    )


def max_position(model: NarratorModel) -> int:
    """Return the largest position that a stream may use."""
    return min(model.config.limits.max_trained_position, model.decoder.config.max_positions - 1)


def new_stream(
    name: str, slot: int, settings: StreamSettings, model: NarratorModel, rules: ContextRules
) -> Stream:
    """Build the state of a stream before its first frame.

    Raises:
        EngineError: The settings ask for more than the model's limits.
        LayoutError: The prompt can't be written.
    """
    limits, layout = model.config.limits, model.layout
    for key in ("max_narration_tokens", "max_segment_frames", "max_new_tokens"):
        if getattr(settings, key) > getattr(limits, key):
            raise EngineError(
                f"stream {name}: {key} is {getattr(settings, key)}, the limit {getattr(limits, key)}.",
                action="Lower it, or raise limits in the model's config.json.",
            )
    user = layout.user(settings.prompt)
    prompt_tokens = len(layout.system) + len(user)
    if prompt_tokens > MAX_PROMPT_TOKENS:
        raise EngineError(
            f"stream {name}: the prompt takes {prompt_tokens} tokens, the limit is {MAX_PROMPT_TOKENS}.",
            action="Shorten it.",
        )
    positions = num_opening_positions(layout, user) + num_segment_positions(layout, settings)
    if positions + 1 > max_position(model):
        raise EngineError(
            f"stream {name}: prompt and one segment take {positions} positions, the model has "
            f"{max_position(model)}.",
            action="Lower max_segment_frames, or shorten the prompt.",
        )
    return Stream(
        name=name,
        slot=slot,
        settings=settings,
        trigger=Trigger(
            theta=settings.theta,
            theta_low=settings.theta_low,
            average_segment_s=settings.average_segment_s,
            fps=settings.fps,
            speak_at_threshold=rules.speak_at_threshold,
        ),
        user=user,
        regions=StreamRegions(slot_sizes(model)),
        max_position=max_position(model),
    )


def take_snapshot(
    stream: Stream, cache: KeyValueCache, memory: MemorySlots, model_hash: str
) -> StreamSnapshot:
    """Copy everything that a stream is."""
    regions = stream.regions
    places = stream.slot * cache.slot_size + regions.visible_keys()[0]
    keys, values = cache.export(torch.from_numpy(places))
    return StreamSnapshot(
        settings=stream.settings,
        model_hash=model_hash,
        position=stream.position,
        segment=stream.segment,
        num_frames=stream.num_frames,
        start=stream.start,
        start_time_ns=stream.start_time_ns,
        last_narration_ns=stream.last_narration_ns,
        end_of_turn_pending=stream.end_of_turn_pending,
        next_position=regions.next_position,
        prompt=tuple((run.position, run.length) for run in regions.prompt),
        narrations=tuple((run.position, run.length) for run in regions.narrations),
        visual=tuple((run.position, run.length) for run in regions.visual),
        memory=memory.export(stream.slot).cpu(),
        keys=keys.cpu(),
        values=values.cpu(),
    )


def restore_snapshot(
    stream: Stream, snapshot: StreamSnapshot, cache: KeyValueCache, memory: MemorySlots, model_hash: str
) -> None:
    """Fill a new stream with a snapshot. Thresholds and limits stay those that it was opened with.

    Raises:
        EngineError: The snapshot belongs to another model, prompt or history.
    """
    if model_hash and snapshot.model_hash and model_hash != snapshot.model_hash:
        raise _unfit(stream, f"model {snapshot.model_hash}, not {model_hash}")
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
    if snapshot.memory.shape != memory.state_shape or {snapshot.keys.shape, snapshot.values.shape} != {
        expected
    }:
        raise _unfit(stream, "a model of other sizes")
    memory.reset(stream.slot, snapshot.memory)
    cache.restore(stream.slot * cache.slot_size + places, positions, snapshot.keys, snapshot.values)
    stream.position, stream.segment, stream.num_frames = (
        snapshot.position,
        snapshot.segment,
        snapshot.num_frames,
    )
    stream.start, stream.start_time_ns = snapshot.start, snapshot.start_time_ns
    stream.last_narration_ns = snapshot.last_narration_ns
    stream.end_of_turn_pending = snapshot.end_of_turn_pending


def _unfit(stream: Stream, what: str) -> EngineError:
    return EngineError(
        f"stream {stream.name}: the snapshot belongs to {what}.",
        action="Use the one it was taken with, or start the stream without a snapshot.",
    )
