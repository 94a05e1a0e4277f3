import pytest
from hypothesis import given
from hypothesis import strategies as st

from operators.checkpoints.config import FlowNarConfig, MemoryConfig, VisionConfig
from operators.errors import EngineError
from operators.narrator.streams.settings import StreamSettings
from pipeline.config import NarratorSettings
from pipeline.messages.camera import CameraBook, CameraSettings
from pipeline.narrator.settings import (
    WantedSettings,
    settings_from_json,
    settings_to_json,
    stream_settings,
)

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


def wanted(**given: object) -> WantedSettings:
    return WantedSettings(NarratorSettings(**given), CONFIG, silent_after_s=60.0)  # type: ignore[arg-type]


def test_another_prompt_is_another_version():
    settings = wanted()
    own = settings.prompt_version(settings.default)
    spelled_out = stream_settings(NarratorSettings(prompt=CONFIG.layout.user_prompt), CONFIG)
    assert own == settings.prompt_version(spelled_out)
    assert own != settings.prompt_version(stream_settings(NarratorSettings(prompt="Tell me."), CONFIG))


def test_a_camera_s_own_settings_come_before_the_topology_s():
    settings = wanted(theta=0.9, prompt="All.")
    book = CameraBook(
        3, CameraSettings(theta_low=0.2), {"a": CameraSettings(prompt="Cars.", theta=0.7, silent_after_s=5.0)}
    )
    settings.set_book(book)
    own, other = settings.of("a"), settings.of("b")
    assert (own.prompt, own.theta, own.theta_low) == ("Cars.", 0.7, CONFIG.trigger.theta_low)
    assert (other.prompt, other.theta, other.theta_low) == ("All.", 0.9, 0.2)
    assert (settings.silent_after_s("a"), settings.silent_after_s("b")) == (5.0, 60.0)


def test_another_book_counts_at_once():
    settings = wanted()
    before = settings.of("a")
    settings.set_book(CameraBook(1, CameraSettings(retain_narrations=2)))
    assert settings.of("a").retain_narrations == 2
    settings.set_book(CameraBook(2))
    assert settings.of("a") == before


@given(
    st.builds(
        lambda t, p, k: wanted(theta=t, prompt=p, retain_narrations=k).default,
        st.floats(0.01, 0.99),
        st.text(min_size=1).filter(str.strip),
        st.none() | st.integers(0, 9),
    )
)
def test_settings_survive_in_a_checkpoint(settings: StreamSettings):
    assert settings_from_json(settings_to_json(settings)) == settings
