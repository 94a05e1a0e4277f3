"""The strength of low-rank updates, the merge, and what is refused."""

import pytest
import torch

from operators.checkpoints.released.lora import LoraConfig, merge
from operators.errors import CheckpointError

PLAIN = {"peft_type": "LORA", "r": 8, "lora_alpha": 16, "bias": "none", "use_dora": False}


def test_the_merge_is_the_weight_plus_the_scaled_product() -> None:
    generator = torch.Generator().manual_seed(0)
    weight, down, up = (torch.randn(s, generator=generator) for s in ((5, 7), (3, 7), (5, 3)))
    before = weight.clone()
    torch.testing.assert_close(merge(weight, down, up, 0.5), weight + 0.5 * (up @ down))
    assert torch.equal(weight, before)


def test_half_precision_is_merged_in_float32() -> None:
    weight = torch.full((2, 2), 1.0, dtype=torch.bfloat16)
    merged = merge(weight, torch.full((1, 2), 1e-3), torch.ones(2, 1), 1.0)
    assert merged.dtype == torch.float32
    torch.testing.assert_close(merged, torch.full((2, 2), 1.001))


@pytest.mark.parametrize(
    ("changes", "module", "rank", "scale"),
    [
        ({}, "model.layers.0.self_attn.q_proj", 8, 2.0),
        ({"use_rslora": True}, "lm_head", 8, 16 / 8**0.5),
        ({"rank_pattern": {"q_proj": 4}}, "model.layers.0.self_attn.q_proj", 4, 4.0),
        ({"rank_pattern": {"q_proj": 4}}, "model.layers.0.self_attn.k_proj", 8, 2.0),
        ({"alpha_pattern": {r"layers\.1\..*_proj": 32}}, "model.layers.1.mlp.up_proj", 8, 4.0),
        ({"alpha_pattern": {r"layers\.1\..*_proj": 32}}, "model.layers.11.mlp.up_proj", 8, 2.0),
        ({"rank_pattern": {"lm_head": 2}, "alpha_pattern": {"head": 9}}, "lm_head", 2, 8.0),
    ],
)
def test_rank_and_scale_follow_the_patterns(
    changes: dict[str, object], module: str, rank: int, scale: float
) -> None:
    config = LoraConfig.from_json(PLAIN | changes, "adapter_config.json")
    assert config.rank_of(module) == rank
    assert config.scale_of(module) == pytest.approx(scale)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"use_dora": True}, "use_dora = True is not supported.*merge the adapter with peft"),
        ({"bias": "all"}, "bias = 'all' is not supported"),
        ({"bias": "lora_only"}, "bias = 'lora_only' is not supported"),
        ({"fan_in_fan_out": True}, "fan_in_fan_out = True is not supported"),
        ({"layer_replication": [[0, 2], [1, 3]]}, "layer_replication = .* is not supported"),
        ({"peft_type": "IA3"}, "peft_type = 'IA3' is not supported"),
        ({"init_lora_weights": "pissa_niter_4"}, "init_lora_weights = 'pissa_niter_4' is not supported"),
        ({"lora_alpha": "much"}, "a rank, alpha or pattern is not valid"),
        ({"rank_pattern": {"(": 4}}, "a rank, alpha or pattern is not valid"),
        ({"rank_pattern": {"q_proj": 0}}, "a rank is below 1"),
        ({"r": 0}, "a rank is below 1"),
    ],
)
def test_other_traits_are_refused_by_name(changes: dict[str, object], message: str) -> None:
    with pytest.raises(CheckpointError, match=rf"adapter_config.json: {message}"):
        LoraConfig.from_json(PLAIN | changes, "adapter_config.json")


def test_a_missing_rank_is_named() -> None:
    with pytest.raises(CheckpointError, match="key 'r' is missing"):
        LoraConfig.from_json({"peft_type": "LORA", "lora_alpha": 16}, "adapter_config.json")
