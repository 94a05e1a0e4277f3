"""Settings of a stream are checked when they are made."""

import math
from dataclasses import replace

import pytest

from operators.errors import EngineError
from operators.narrator.streams.settings import StreamSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theta", 1.5),
        ("theta", math.nan),
        ("theta_low", -0.1),
        ("fps", 0.0),
        ("fps", math.inf),
        ("average_segment_s", -1.0),
        ("average_segment_s", math.nan),
        ("max_narration_tokens", -1),
        ("max_segment_frames", 0),
        ("max_new_tokens", 0),
        ("retain_narrations", -1),
        ("theta", 0.0),
        ("theta_low", 1.0),
        ("history", "recnt"),
        ("history", "recent:0"),
        ("prompt", "  "),
    ],
)
def test_a_value_out_of_range_is_named(config, name, value):
    with pytest.raises(EngineError, match=name):
        replace(StreamSettings.from_config(config), **{name: value})


def test_defaults_are_the_models(config):
    settings = StreamSettings.from_config(config)
    assert (settings.theta, settings.theta_low) == (config.trigger.theta, config.trigger.theta_low)
    assert settings.max_new_tokens == config.limits.max_new_tokens
    assert (settings.prompt, settings.retain_narrations, settings.history) == (None, None, "clam")
