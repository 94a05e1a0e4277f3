import pytest

from operators.checkpoints.config import FlowNarConfig, MemoryConfig, VisionConfig
from operators.errors import EngineError
from operators.narrator.streams.settings import StreamSettings
from pipeline.config import NarratorSettings
from pipeline.narrator.settings import prompt_version, stream_settings

CONFIG = FlowNarConfig(VisionConfig(48, 32), MemoryConfig(4))


def test_without_settings_the_model_decides():
    assert stream_settings(NarratorSettings(), CONFIG) == StreamSettings.from_config(CONFIG)


def test_settings_replace_the_model_s_values():
    settings = stream_settings(NarratorSettings(theta=0.9, retain_narrations=3, history="none"), CONFIG)
    assert (settings.theta, settings.retain_narrations, settings.history) == (0.9, 3, "none")
    assert settings.fps == CONFIG.fps


def test_every_setting_has_a_place_in_the_engine():
    given = NarratorSettings(
        prompt="Go.",
        fps=1,
        theta=0.7,
        theta_low=0.3,
        average_segment_s=2,
        retain_narrations=1,
        max_narration_tokens=5,
        max_segment_frames=6,
        max_new_tokens=7,
        history="recent:2",
    )
    settings = stream_settings(given, CONFIG)
    assert all(getattr(settings, name) == value for name, value in given.model_dump().items())


def test_a_value_out_of_range_is_refused():
    with pytest.raises(EngineError, match="prompt"):
        stream_settings(NarratorSettings(prompt="  "), CONFIG)


def test_another_prompt_is_another_version():
    own = prompt_version(NarratorSettings(), CONFIG)
    assert own == prompt_version(NarratorSettings(prompt=CONFIG.layout.user_prompt), CONFIG)
    assert own != prompt_version(NarratorSettings(prompt="Tell me."), CONFIG)
