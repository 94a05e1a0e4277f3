"""How streams are narrated: what the model was trained with, changed by the user's settings."""

import hashlib
from dataclasses import replace

from operators.checkpoints.config import FlowNarConfig
from operators.narrator.streams.settings import StreamSettings
from pipeline.config import NarratorSettings


def stream_settings(narrator: NarratorSettings, config: FlowNarConfig) -> StreamSettings:
    """Settings of every stream.

    Args:
        narrator: The user's; None keeps the model's value.
        config: The model's.

    Raises:
        EngineError: A value is out of range.
    """
    wanted = {name: value for name, value in narrator.model_dump().items() if value is not None}
    return replace(StreamSettings.from_config(config), **wanted)


def prompt_version(narrator: NarratorSettings, config: FlowNarConfig) -> str:
    """Tells prompts apart: 8 hex digits over the text of the user's prompt."""
    prompt = narrator.prompt or config.layout.user_prompt
    return hashlib.sha256(prompt.encode()).hexdigest()[:8]
