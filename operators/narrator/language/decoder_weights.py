"""The language model's weights: Hugging Face's names and shapes, and how they are stacked for the decoder."""

from collections.abc import Mapping

import torch
from torch import Tensor

from operators.errors import CheckpointError
from operators.narrator.language.decoder_config import DecoderConfig

_SAME = {
    "output": "self_attn.o_proj",
    "down": "mlp.down_proj",
    "input_norm": "input_layernorm",
    "mlp_norm": "post_attention_layernorm",
    "query_norm": "self_attn.q_norm",
    "key_norm": "self_attn.k_norm",
    "router": "router",
}
"""The decoder's names of a layer's weights that are taken over as they are, and Hugging Face's."""

_STACKED = {
    "qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "gate_up": ("mlp.gate_proj", "mlp.up_proj"),
}


def fuse_weights(config: DecoderConfig, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename Hugging Face weights to the decoder's, with q, k, v and gate, up stacked.

    Args:
        config: Sizes.
        tensors: Weights by Hugging Face's names; routers are `model.layers.N.router.weight` [1, hidden].

    Raises:
        CheckpointError: A tensor is missing, unexpected or mis-shaped.
    """
    expected = config.weight_shapes()
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if config.tied_head:
        found.pop("lm_head.weight", None)
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            raise CheckpointError(
                f"language model: tensor {name!r} has shape {found.get(name, 'none: it is missing')}, "
                f"the config asks for {expected.get(name, 'none: it is unknown')}.",
                action="Give the weights that belong to language/config.json.",
            )
    fused = {
        "embed_tokens.weight": tensors["model.embed_tokens.weight"],
        "norm.weight": tensors["model.norm.weight"],
        "lm_head.weight": tensors["model.embed_tokens.weight" if config.tied_head else "lm_head.weight"],
    }
    for number in range(config.num_layers):
        source, target = f"model.layers.{number}.", f"layers.{number}."
        for ours, theirs in _SAME.items():
            if f"{source}{theirs}.weight" in expected:
                fused[f"{target}{ours}.weight"] = tensors[f"{source}{theirs}.weight"]
        for ours, parts in _STACKED.items():
            fused[f"{target}{ours}.weight"] = torch.cat([tensors[f"{source}{p}.weight"] for p in parts])
    return fused
