"""Angles against transformers' for every scaling, and the scalings that are refused."""

import pytest
import torch

from operators.errors import CheckpointError
from operators.narrator.language.cache import KeyValueCache
from operators.narrator.language.rope import RotaryTable, rotate
from operators.narrator.language.rope_config import RopeConfig

DEFAULT = {"rope_type": "default", "rope_theta": 500000.0}
LINEAR = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 1e6,
    "factor": 4.0,
    "original_max_position_embeddings": 2048,
}
SCALINGS = [
    DEFAULT,
    LINEAR,
    LLAMA3,
    YARN,
    {**YARN, "attention_factor": 0.75},
    {**YARN, "mscale": 1.0, "mscale_all_dim": 0.5},
    {**YARN, "mscale": 0.7},
    {**YARN, "beta_fast": 8.0, "beta_slow": 2.0},
    {**YARN, "beta_fast": None, "beta_slow": None, "attention_factor": None},
    {**YARN, "truncate": False},
    {**YARN, "beta_fast": 2.0, "beta_slow": 2.0, "truncate": False},
    {**YARN, "original_max_position_embeddings": 16},
    {**YARN, "factor": None},
    {**YARN, "factor": 1.0},
    {key: value for key, value in YARN.items() if key != "original_max_position_embeddings"},
]


@pytest.mark.parametrize("head_dim", [8, 60, 128])
@pytest.mark.parametrize("scaling", SCALINGS, ids=str)
def test_angles_and_attention_factor_are_those_of_transformers(scaling, head_dim):
    from transformers import LlamaConfig
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS
    from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

    sizes = {"head_dim": head_dim, "max_position_embeddings": 8192}
    oracle_config = LlamaConfig(hidden_size=4 * head_dim, num_attention_heads=4, **sizes)
    oracle_config.rope_parameters = dict(scaling)
    oracle_config.standardize_rope_params()
    plain = LlamaRotaryEmbedding.compute_default_rope_parameters
    oracle = {"default": plain, **ROPE_INIT_FUNCTIONS}[scaling["rope_type"]]
    frequencies, attention_factor = oracle(oracle_config, torch.device("cpu"))
    rope = RopeConfig.from_json({**sizes, "rope_parameters": scaling})
    torch.testing.assert_close(rope.frequencies(head_dim).float(), frequencies, rtol=1e-5, atol=1e-9)
    assert rope.attention_factor == pytest.approx(attention_factor, rel=1e-6)


@pytest.mark.parametrize("scaling", [DEFAULT, LINEAR, LLAMA3, YARN], ids=lambda scaling: scaling["rope_type"])
def test_keys_that_moved_are_those_of_a_fresh_computation(scaling):
    rope = RopeConfig.from_json({"max_position_embeddings": 8192, "rope_parameters": scaling})
    rotary = RotaryTable(rope, 8, 1000, torch.device("cpu"))
    sizes = {"num_layers": 2, "num_slots": 1, "slot_size": 6, "num_kv_heads": 2, "head_dim": 8}
    cache = KeyValueCache(**sizes, rotary=rotary, dtype=torch.float32)
    keys, values = torch.randn(2, 3, 2, 8, generator=torch.Generator().manual_seed(0))
    places, before, after = torch.tensor([5, 0, 2]), torch.tensor([900, 901, 950]), torch.tensor([9, 10, 59])
    for layer in range(2):
        cache.write(layer, places, keys, rotate(keys, rotary.rows(before)), values)
    cache.rotate_again(places, after)
    for layer in range(2):
        assert torch.equal(cache.read(layer, places[None])[0][0], rotate(keys, rotary.rows(after)))


def test_the_attention_factor_scales_queries_and_keys():
    rope = RopeConfig(rope_type="yarn", factor=4.0, attention_factor=1.25)
    rotary = RotaryTable(rope, 8, 100, torch.device("cpu"))
    x = torch.randn(4, 2, 8)
    lengths = rotate(x, rotary.rows(torch.arange(90, 94))).norm(dim=-1)
    torch.testing.assert_close(lengths, 1.25 * x.norm(dim=-1))


@pytest.mark.parametrize("form", ["rope_parameters", "rope_scaling"])
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("dynamic", "must not depend on the sequence's length"),
        ("longrope", "must not depend on the sequence's length"),
        ("su", "must not depend on the sequence's length"),
        ("proportional", "is unknown"),
    ],
)
def test_other_scalings_are_refused_by_name(form, name, why):
    key = "type" if form == "rope_scaling" else "rope_type"
    with pytest.raises(CheckpointError, match=f"'{name}' is not supported: .*{why}"):
        RopeConfig.from_json({form: {key: name, "factor": 2.0}})


def test_a_scaling_without_its_factor_is_refused():
    with pytest.raises(CheckpointError, match="'yarn' lacks its key 'factor'"):
        RopeConfig.from_json({"rope_scaling": {"rope_type": "yarn"}})


def test_both_forms_of_hugging_face_mean_the_same():
    old = {"rope_theta": 1e6, "rope_scaling": {"type": "yarn", "factor": 4.0}, "max_position_embeddings": 99}
    new = {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e6, "factor": 4.0}}
    assert RopeConfig.from_json(old) == RopeConfig.from_json({**new, "max_position_embeddings": 99})
