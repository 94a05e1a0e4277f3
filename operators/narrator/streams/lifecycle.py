"""Opening a stream: new, or continued from a snapshot; and taking the snapshot."""

import math

import torch

from operators.errors import EngineError
from operators.memory.history import VisualHistory
from operators.narrator.context import ContextRules
from operators.narrator.language.cache import KeyValueCache
from operators.narrator.model import NarratorModel
from operators.narrator.sequences.pieces import Region
from operators.narrator.streams.memory_slots import MemorySlots
from operators.narrator.streams.plan import StreamPlan
from operators.narrator.streams.regions import RegionSizes, StreamRegions
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.slot_pruning import SlotPruning
from operators.narrator.streams.snapshot import StreamSnapshot
from operators.narrator.streams.stream import Stream
from operators.narrator.streams.trigger import Trigger

LIMITED = ("max_narration_tokens", "max_segment_frames", "max_new_tokens")
"""Settings of a stream that the model's limits bound."""


def make_plan(
    name: str,
    settings: StreamSettings,
    model: NarratorModel,
    rules: ContextRules,
    history: VisualHistory,
    last_position: int,
) -> StreamPlan:
    """Work out what a stream is narrated with.

    Args:
        name: Stream id.
        settings: As asked for.
        model: The model.
        rules: The context rules.
        history: The stream's visual history.
        last_position: Largest position that may be used.

    Raises:
        EngineError: The settings ask for more than the model's limits.
        LayoutError: The prompt can't be written.
    """
    limits, layout = model.config.limits, model.layout
    for key in LIMITED:
        if getattr(settings, key) > getattr(limits, key):
            raise EngineError(
                f"stream {name}: {key} is {getattr(settings, key)}, the limit {getattr(limits, key)}.",
                action="Lower it, or raise limits in the model's config.json.",
            )
    return StreamPlan(
        settings=settings,
        rules=rules,
        layout=layout,
        trigger=Trigger(
            theta=settings.theta,
            theta_low=settings.theta_low,
            average_segment_s=settings.average_segment_s,
            fps=settings.fps,
            speak_when=rules.speak_when,
            clock=rules.clock,
        ),
        user=layout.user(settings.prompt),
        num_memory_tokens=history.num_tokens,
        keeps_frames=history.keeps_frames,
        max_position=last_position,
    )


def max_position(model: NarratorModel, rules: ContextRules, sizes: RegionSizes) -> int:
    """Return the largest position that a stream may use.

    Without rebasing, positions count what was ever fed: up to what a slot holds that nothing is pruned from.
    """
    largest = model.decoder.config.max_positions - 1
    if not rules.rebase:
        return max(largest, sizes.total)
    return min(model.config.limits.max_trained_position, largest)


def new_stream(name: str, slot: int, plan: StreamPlan, sizes: RegionSizes) -> Stream:
    """Build the state of a stream before its first frame.

    Raises:
        EngineError: Prompt, memory or a segment are too large for the slots or the model's positions.
    """
    layout, settings = plan.layout, plan.settings
    prompt_tokens = len(layout.system) + len(plan.user) + len(layout.newline)
    if prompt_tokens > sizes.prompt:
        raise EngineError(
            f"stream {name}: the prompt takes {prompt_tokens} tokens, the limit is {sizes.prompt}.",
            action="Shorten it.",
        )
    longest = 1 if plan.keeps_frames else settings.max_segment_frames
    visual_tokens = layout.num_segment_tokens(longest, plan.num_memory_tokens)
    if visual_tokens > sizes.visual:
        raise EngineError(
            f"stream {name}: with the history {settings.history} a segment takes {visual_tokens} tokens, the "
            f"slots of this engine have {sizes.visual}.",
            action="Name the history when the engine is made, or lower max_segment_frames.",
        )
    positions = plan.num_opening_positions + plan.num_step_positions
    if positions + 1 > plan.max_position:
        raise EngineError(
            f"stream {name}: prompt and one segment take {positions} positions, the model has "
            f"{plan.max_position}.",
            action="Lower max_segment_frames, or shorten the prompt.",
        )
    books = None
    if plan.rules.unfinished == "breaks":
        books = SlotPruning.of_opening(layout, keep_newlines=plan.rules.keep_newlines)
    return Stream(name=name, slot=slot, plan=plan, regions=StreamRegions(sizes), slot_pruning=books)


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
