"""The settings of a released model, from what is recorded and what its tensors and its tokenizer say."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tokenizers import Tokenizer

from operators.checkpoints.config import (
    FlowNarConfig,
    LayoutConfig,
    LimitsConfig,
    MemoryConfig,
    TriggerConfig,
    VisionConfig,
)
from operators.checkpoints.released.settings import ReleasedSettings
from operators.errors import CheckpointError, LayoutError

MAX_POSITION = 19000
"""Position ids of the longest training sequences (1200 frames) stay below."""

Shapes = Mapping[str, tuple[int, ...]]


def flownar_config(
    settings: ReleasedSettings,
    saved: Shapes,
    base: Mapping[str, Any],
    tokenizer: Tokenizer,
    image_size: int | None,
    *,
    clean_up_spaces: bool,
    where: str,
) -> FlowNarConfig:
    """Settings of a released model.

    Args:
        settings: What flownar_config.json says.
        saved: Shapes of connector and memory, by `connector.…` and `clustering.…`.
        base: The base's config.
        tokenizer: The base's.
        image_size: What the vision tower's config says, pixels; None: there is none.
        clean_up_spaces: What the tokenizer's settings say.
        where: Name of the settings' source, for messages.

    Raises:
        CheckpointError: The settings contradict the tensors, or a tensor that tells a size is missing.
        LayoutError: The tokenizer contradicts the recorded ids.
    """
    layout = _layout(settings, tokenizer, where)
    sizes = _sizes(saved, where)
    grid = settings.frame_token_pooled or (0, 0)
    found = sizes | {"frame_num_tokens": grid[0] * grid[1] + int(settings.frame_token_cls)}
    for name, value in found.items():
        recorded = getattr(settings, name)
        if recorded is not None and recorded != value:
            raise CheckpointError(
                f"{where}: {name} is {recorded}, but the tensors and the other settings say {value}.",
                action="Give the settings that belong to this adapter, or leave the key out.",
            )
    if not settings.enable_vision_memory:
        raise CheckpointError(
            f"{where}: enable_vision_memory is false; models without the memory are not supported.",
            action="Give a model that was trained with it.",
        )
    return FlowNarConfig(
        vision=VisionConfig(
            image_size=settings.frame_resolution or image_size or 384,
            hidden_size=sizes["vision_hidden_size"],
            pooled_grid=grid,
            pooled_token=settings.frame_token_cls,
        ),
        memory=MemoryConfig(
            num_memory_tokens=sizes["num_m_tokens"],
            num_heads=settings.clam_n_head,
            num_layers=sizes["clam_n_layers"],
            learnable_start=bool(sizes["learnable_memory_tgt"]),
        ),
        layout=replace(layout, clean_up_spaces=clean_up_spaces),
        trigger=TriggerConfig(
            theta=settings.decoding_threshold,
            theta_low=settings.decoding_threshold_low,
            average_segment_s=settings.avg_duration_frames / settings.frame_fps,
        ),
        limits=LimitsConfig(
            max_trained_position=min(
                MAX_POSITION, int(base.get("max_position_embeddings", MAX_POSITION + 1)) - 1
            ),
            max_new_tokens=settings.max_new_tokens,
            max_narration_tokens=4096,
            max_segment_frames=128,
        ),
        fps=settings.frame_fps,
        rules="released_live",
    )


def _sizes(saved: Shapes, where: str) -> dict[str, int]:
    for name in ("connector.0.weight", "clustering.query_embed.weight"):
        if len(saved.get(name, ())) != 2:
            raise CheckpointError(
                f"{where}: tensor {name!r} must have two dimensions, but it "
                + (f"is {list(saved[name])}." if name in saved else "is missing."),
                action="Give an adapter that was trained with the visual memory.",
            )
    layers = [match[1] for name in saved if (match := re.match(r"clustering\.layers\.(\d+)\.", name))]
    return {
        "vision_hidden_size": saved["connector.0.weight"][1],
        "num_m_tokens": saved["clustering.query_embed.weight"][0],
        "clam_n_layers": 1 + max(map(int, layers), default=0),
        "learnable_memory_tgt": int("clustering.tgt_embed.weight" in saved),
    }


def _layout(settings: ReleasedSettings, tokenizer: Tokenizer, where: str) -> LayoutConfig:
    layout = LayoutConfig(
        system_prompt=settings.system_prompt,
        system_end="\n\n",
        user_prompt=settings.user_prompt,
        skip=settings.frame_token_interval,
        bos_token=_special(tokenizer, settings.bos_token_id, "bos_token_id", "<|begin_of_text|>", where),
        eos_token=_special(tokenizer, settings.eos_token_id, "eos_token_id", "<|eot_id|>", where),
    )
    recorded = {
        "frame_token_interval_id": layout.skip,
        "open_bracket_id": layout.open,
        "end_stream_id": layout.close,
        "newline_id": layout.newline,
        "assistant_id": layout.assistant,
        "colon_id": layout.colon,
    }
    for key, text in recorded.items():
        expected = getattr(settings, key)
        found = tokenizer.encode(text, add_special_tokens=False).ids
        if expected is not None and found != [expected]:
            raise LayoutError(
                f"{where}: {key} says that the text {text!r} is the token {expected}, "
                f"but the tokenizer writes it as {found}.",
                action="Give the tokenizer that the model was trained with.",
            )
    return layout


def _special(tokenizer: Tokenizer, token_id: int | None, key: str, default: str, where: str) -> str:
    if token_id is None:
        return default
    text: str | None = tokenizer.id_to_token(token_id)
    if text is None:
        raise LayoutError(
            f"{where}: {key} is {token_id}, but the tokenizer's ids end at {tokenizer.get_vocab_size() - 1}.",
            action="Give the tokenizer that the model was trained with.",
        )
    return text
