"""config.json: round trip, and every mistake named."""

import dataclasses
import json

import pytest

from operators.checkpoints.config import (
    FlowNarConfig,
    LayoutConfig,
    LimitsConfig,
    MemoryConfig,
    TriggerConfig,
    VisionConfig,
)
from operators.errors import CheckpointError, OperatorError

CONFIG = FlowNarConfig(
    vision=VisionConfig(144, 256),
    memory=MemoryConfig(12, gate_bias_init=(4.0, 9.0)),
    layout=LayoutConfig(user_prompt="What's new?"),
    trigger=TriggerConfig(theta=0.7),
    limits=LimitsConfig(max_new_tokens=20),
    fps=4.0,
)


def test_round_trip() -> None:
    assert FlowNarConfig.from_json(CONFIG.to_json()) == CONFIG


def test_defaults_may_be_left_out() -> None:
    text = '{"vision": {"image_size": 48, "hidden_size": 32}, "memory": {"num_memory_tokens": 4}}'
    config = FlowNarConfig.from_json(text)
    assert config == FlowNarConfig(VisionConfig(48, 32), MemoryConfig(4))
    assert config.vision.num_frame_tokens == 10
    assert config.memory.gate_bias_init is None


def test_whole_numbers_pass_for_fractions_but_not_the_other_way() -> None:
    data = json.loads(CONFIG.to_json())
    data["fps"] = 2
    assert FlowNarConfig.from_json(json.dumps(data)).fps == 2.0
    data["vision"]["image_size"] = 144.5
    with pytest.raises(CheckpointError, match=r"vision.image_size must be int, got 144.5"):
        FlowNarConfig.from_json(json.dumps(data))


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        (
            "vision",
            "image_sise",
            1,
            r"unknown key 'vision.image_sise'.*nearest known key is 'vision.image_size'",
        ),
        (None, "memry", {}, r"unknown key 'memry'.*'memory'"),
        ("trigger", "theta", "high", r"trigger.theta must be float, got \"high\""),
        ("trigger", "theta", 1.5, r"trigger.theta is 1.5, but 0 < theta < 1 must hold"),
        ("vision", "pooled_grid", [3], r"vision.pooled_grid must be a list of 2, got \[3\]"),
        ("vision", "pooled_grid", [3, 0], r"vision.pooled_grid is \[3, 0\]: rows and columns must both"),
        ("vision", "pooled_token", 1, r"vision.pooled_token must be bool, got 1"),
        ("memory", "gate_bias_init", [4, "x"], r"memory.gate_bias_init.1 must be float, got \"x\""),
        ("memory", "num_heads", 7, r"not divisible by 2 x 7 heads"),
        ("limits", "max_new_tokens", 0, r"limits.max_new_tokens is 0"),
        (None, "fps", -1, r"fps is -1"),
        (None, "vision", 3, r"vision must be an object, got 3"),
        (None, "model_type", "llama", r"model_type is 'llama', not 'flownar'"),
    ],
)
def test_mistakes_are_named(section: str | None, key: str, value: object, message: str) -> None:
    data = json.loads(CONFIG.to_json())
    (data[section] if section else data)[key] = value
    with pytest.raises(OperatorError, match=message):
        FlowNarConfig.from_json(json.dumps(data), where="models/x/config.json")


def test_missing_key_and_broken_json() -> None:
    with pytest.raises(CheckpointError, match=r"config.json: key 'memory' is missing"):
        FlowNarConfig.from_json('{"vision": {"image_size": 48, "hidden_size": 32}}')
    with pytest.raises(CheckpointError, match="not valid JSON"):
        FlowNarConfig.from_json("{")


def test_memory_takes_its_width_from_the_frames() -> None:
    clam = CONFIG.clam
    assert (clam.model_dim, clam.key_dim, clam.value_dim, clam.tokens_per_frame) == (256, 16, 32, 10)
    assert dataclasses.replace(CONFIG, fps=1.0).clam == clam
