"""Architectures and traits that the decoder does not have are refused by name."""

import pytest

from operators.errors import CheckpointError
from operators.narrator.language.decoder_config import DecoderConfig
from tests.support.tiny_narrator import LANGUAGE_CONFIG

QWEN3 = {**LANGUAGE_CONFIG, "model_type": "qwen3"}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"model_type": "mistral"}, r"model_type = 'mistral'.*llama \(Llama and SmolLM2\), qwen3 \(Qwen3\)"),
        ({"model_type": "qwen2"}, "model_type = 'qwen2'"),
        ({"sliding_window": 4096}, "sliding_window = 4096"),
        ({"attention_bias": True}, "attention_bias"),
        ({"hidden_act": "gelu"}, "hidden_act"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "layer_types"),
        ({"rope_parameters": {"rope_type": "dynamic", "factor": 2.0}}, "'dynamic'"),
        ({"rope_parameters": None, "rope_scaling": {"type": "longrope"}}, "'longrope'"),
        ({"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}}, "partial_rotary"),
        ({"num_key_value_heads": 3}, "must divide"),
    ],
)
def test_unsupported_traits_are_refused_by_name(changes, name):
    with pytest.raises(CheckpointError, match=name):
        DecoderConfig.from_json({**LANGUAGE_CONFIG, **changes})


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"attention_bias": True}, "attention_bias"),
        ({"use_sliding_window": True, "sliding_window": 4096}, "use_sliding_window"),
        ({"layer_types": ["sliding_attention", "full_attention"]}, "layer_types"),
    ],
)
def test_unsupported_traits_of_qwen3_are_refused_by_name(changes, name):
    with pytest.raises(CheckpointError, match=name):
        DecoderConfig.from_json({**QWEN3, **changes})


def test_qwen3_needs_the_channels_of_a_head():
    config = {key: value for key, value in QWEN3.items() if key != "head_dim"}
    with pytest.raises(CheckpointError, match="'head_dim' is missing"):
        DecoderConfig.from_json(config)


def test_a_window_that_is_switched_off_is_no_trait():
    given = {"use_sliding_window": False, "sliding_window": 4096, "layer_types": ["full_attention"] * 2}
    assert DecoderConfig.from_json({**QWEN3, **given}) == DecoderConfig.from_json(QWEN3)


def test_a_missing_size_is_named():
    config = {k: v for k, v in LANGUAGE_CONFIG.items() if k != "vocab_size"}
    with pytest.raises(CheckpointError, match="'vocab_size' is missing"):
        DecoderConfig.from_json(config)
