"""How large the slots of an engine are: room for the model's limits and for the streams' visual histories."""

from collections.abc import Iterable

from operators.memory.history import VisualHistory
from operators.narrator.model import NarratorModel
from operators.narrator.streams.regions import RegionSizes

MAX_USER_TOKENS = 256
"""Room of a slot for a stream's own prompt; ordinary ones take some dozens."""


def slot_sizes(model: NarratorModel, histories: Iterable[VisualHistory]) -> RegionSizes:
    """Return the capacity that the model's limits ask for.

    Args:
        model: The model.
        histories: What streams will be opened with.
    """
    limits, layout = model.config.limits, model.layout
    segments = [layout.num_segment_tokens(limits.max_segment_frames, h.num_tokens) for h in histories]
    kept = [limits.max_visual_tokens for h in histories if h.keeps_frames]
    return RegionSizes(
        prompt=_prompt_tokens(model),
        narrations=limits.max_narration_tokens + len(layout.reply) + limits.max_new_tokens,
        visual=max(segments + kept),
    )


def unpruned_sizes(num_frames: int, model: NarratorModel) -> RegionSizes:
    """Return the capacity for a video of which nothing is pruned, whatever the context rules.

    Args:
        num_frames: Frames of the video; each may be narrated.
        model: The model.
    """
    limits, layout = model.config.limits, model.layout
    return RegionSizes(
        prompt=_prompt_tokens(model) + num_frames * len(layout.newline),
        narrations=num_frames * (1 + len(layout.reply) + limits.max_new_tokens),
        visual=num_frames * layout.num_segment_tokens(1),
    )


def _prompt_tokens(model: NarratorModel) -> int:
    layout = model.layout
    return len(layout.system) + max(len(layout.user(None)), MAX_USER_TOKENS) + len(layout.newline)
