"""Opening a stream: what it is narrated with, its state before its first frame; and changing that later."""

from operators.errors import EngineError
from operators.memory.history import VisualHistory
from operators.narrator.context import ContextRules
from operators.narrator.model import NarratorModel
from operators.narrator.streams.plan import StreamPlan
from operators.narrator.streams.regions import RegionSizes, StreamRegions
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.streams.slot_pruning import SlotPruning
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


def change_plan(stream: Stream, plan: StreamPlan, sizes: RegionSizes) -> None:
    """Let an open stream go on by another plan from its next segment on.

    Raises:
        EngineError: It has an open segment, its rules keep books, or the plan does not fit the slots. Then
            nothing was changed.
    """
    if stream.slot_pruning is not None:
        raise EngineError(
            f"stream {stream.name}: settings don't change under the rules {stream.plan.rules.name!r}.",
            action="Use `released_live` or `paper`.",
        )
    if stream.start is not None:
        raise EngineError(
            f"stream {stream.name}: settings don't change within a segment.",
            action="Change them right after a narration.",
        )
    new_stream(stream.name, stream.slot, plan, sizes)
    stream.change_plan(plan)
