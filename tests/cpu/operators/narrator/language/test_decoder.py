"""The packed decoder against transformers' Llama and Qwen3, and weights that don't fit it."""

import copy

import pytest
import torch

from operators.errors import CheckpointError
from operators.narrator.language.attention import MaskedAttention
from operators.narrator.language.decoder import Decoder
from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.language.rope import RotaryTable
from tests.support.tiny_narrator import LANGUAGE_CONFIG, random_weights

LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}
LINEAR = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}
YARN = {
    "rope_type": "yarn",
    "rope_theta": 1e6,
    "factor": 4.0,
    "original_max_position_embeddings": 64,
}
QWEN3 = {"model_type": "qwen3", "head_dim": 12}


def logits_of(decoder, ids):
    config = decoder.config
    rotary = RotaryTable(config.rope, config.head_dim, len(ids), torch.device("cpu"))
    causal = torch.ones(len(ids), len(ids), dtype=torch.bool).tril()
    attention = MaskedAttention(torch.arange(len(ids)), causal, rotary)
    return decoder.logits(decoder(decoder.embed(ids), attention))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tie_word_embeddings": True},
        {"num_key_value_heads": 1},
        {"num_key_value_heads": 4},
        {"head_dim": 16},
        {"rope_parameters": LLAMA3},
        {"rope_parameters": LINEAR},
        {"rope_parameters": YARN},
        QWEN3,
        {**QWEN3, "tie_word_embeddings": True, "attention_bias": False},
        {**QWEN3, "num_key_value_heads": 1, "rope_parameters": YARN},
    ],
    ids=str,
)
@torch.inference_mode()
def test_logits_are_those_of_transformers(changes):
    import transformers

    config = {**LANGUAGE_CONFIG, **changes}
    weights = random_weights(DecoderConfig.from_json(config), seed=3)
    arguments = {k: v for k, v in config.items() if k not in {"architectures", "model_type"}}
    name = {"llama": "Llama", "qwen3": "Qwen3"}[config["model_type"]]
    oracle_config = getattr(transformers, f"{name}Config")(**copy.deepcopy(arguments))
    oracle = getattr(transformers, f"{name}ForCausalLM")(oracle_config).eval()
    oracle.load_state_dict(weights, strict="tie_word_embeddings" not in changes)
    oracle.tie_weights()
    ids = torch.randint(0, 258, (200,), generator=torch.Generator().manual_seed(4))
    decoder = Decoder.from_state_dict(config, weights)
    torch.testing.assert_close(logits_of(decoder, ids), oracle(ids[None]).logits[0], atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("fault", ["missing", "unknown", "shape"])
def test_wrong_weights_are_named(fault):
    weights = random_weights(DecoderConfig.from_json(LANGUAGE_CONFIG), seed=0)
    name = "model.layers.1.mlp.up_proj.weight"
    if fault == "missing":
        del weights[name]
    elif fault == "unknown":
        name = "model.layers.2.mlp.up_proj.weight"
        weights[name] = torch.zeros(1)
    else:
        weights[name] = weights[name][:-1]
    with pytest.raises(CheckpointError, match=name):
        Decoder.from_state_dict(LANGUAGE_CONFIG, weights)


def test_a_tied_head_stays_tied_when_moved():
    config = {**LANGUAGE_CONFIG, "tie_word_embeddings": True}
    weights = random_weights(DecoderConfig.from_json(config), seed=0)
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    decoder = Decoder.from_state_dict(config, weights).to(torch.bfloat16)
    assert decoder.lm_head.weight is decoder.embed_tokens.weight
    assert decoder.embed_tokens.weight.dtype == torch.bfloat16
