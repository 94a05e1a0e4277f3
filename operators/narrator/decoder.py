"""The language model: a Llama decoder over packed tokens; the attention knows what they see and where."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from operators.errors import CheckpointError
from operators.narrator.decoder_config import DecoderConfig


class Attention(Protocol):
    """What a layer's tokens see. Rotates queries and keys by their positions; may keep keys and values."""

    def __call__(self, layer: int, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """Attend.

        Args:
            layer: Number of the layer, from 0.
            queries: [T, heads, D], not rotated.
            keys: [T, kv_heads, D], not rotated.
            values: [T, kv_heads, D].

        Returns:
            [T, heads, D].
        """
        ...


class Decoder(nn.Module):
    """Llama with fused projections. All methods take packed tokens: T rows of any number of streams."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.num_layers))
        self.norm = nn.RMSNorm(config.hidden_size, eps=config.norm_eps)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        if config.tied_head:
            self.lm_head.weight = self.embed_tokens.weight

    @classmethod
    def from_state_dict(cls, config_json: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Self:
        """Build a decoder from a Hugging Face config and weights by their Hugging Face names.

        Args:
            config_json: The object of `language/config.json`.
            tensors: Weights, all of one floating dtype, which the decoder takes over.

        Raises:
            CheckpointError: The architecture or one of its traits is not supported, or a tensor is missing,
                unexpected or mis-shaped; the message names it.
        """
        config = DecoderConfig.from_json(config_json)
        with torch.device("meta"):
            decoder = cls(config)
        decoder.load_state_dict(fuse_weights(config, tensors), assign=True)
        if config.tied_head:
            decoder.lm_head.weight = decoder.embed_tokens.weight
        return decoder

    def embed(self, token_ids: Tensor) -> Tensor:
        """Embeddings [T, hidden] of token ids int64 [T]."""
        embedded: Tensor = self.embed_tokens(token_ids)
        return embedded

    def forward(self, embedded: Tensor, attention: Attention) -> Tensor:
        """Run all layers.

        Args:
            embedded: [T, hidden]; not mutated.
            attention: What the tokens see.

        Returns:
            [T, hidden], after the last norm.
        """
        hidden = embedded
        for number, layer in enumerate(self.layers):
            hidden = layer(hidden, number, attention)
        normed: Tensor = self.norm(hidden)
        return normed

    def logits(self, hidden: Tensor) -> Tensor:
        """Logits float32 [R, vocabulary] of rows [R, hidden] that `forward` returned."""
        return self.lm_head(hidden).float()  # type: ignore[no-any-return]


class DecoderLayer(nn.Module):
    """Attention and MLP, each behind a norm and with a residual."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        hidden, head_dim = config.hidden_size, config.head_dim
        self.heads = (config.num_heads, config.num_kv_heads, config.num_kv_heads)
        self.input_norm = nn.RMSNorm(hidden, eps=config.norm_eps)
        self.qkv = nn.Linear(hidden, sum(self.heads) * head_dim, bias=False)
        self.output = nn.Linear(config.num_heads * head_dim, hidden, bias=False)
        self.mlp_norm = nn.RMSNorm(hidden, eps=config.norm_eps)
        self.gate_up = nn.Linear(hidden, 2 * config.mlp_size, bias=False)
        self.down = nn.Linear(config.mlp_size, hidden, bias=False)

    def forward(self, hidden: Tensor, number: int, attention: Attention) -> Tensor:
        """[T, hidden] -> [T, hidden]."""
        fused = self.qkv(self.input_norm(hidden)).unflatten(-1, (sum(self.heads), -1))  # [T, heads, D]
        queries, keys, values = fused.split(self.heads, dim=-2)
        hidden = hidden + self.output(attention(number, queries, keys, values).flatten(-2))
        gate, up = self.gate_up(self.mlp_norm(hidden)).chunk(2, dim=-1)
        return hidden + self.down(functional.silu(gate) * up)  # type: ignore[no-any-return]


def fuse_weights(config: DecoderConfig, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename Hugging Face weights to this decoder's, with q, k, v and gate, up stacked.

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
        attention = [tensors[f"{source}self_attn.{name}_proj.weight"] for name in "qkv"]
        fused[f"{target}qkv.weight"] = torch.cat(attention)
        fused[f"{target}output.weight"] = tensors[f"{source}self_attn.o_proj.weight"]
        mlp = [tensors[f"{source}mlp.{name}_proj.weight"] for name in ("gate", "up")]
        fused[f"{target}gate_up.weight"] = torch.cat(mlp)
        fused[f"{target}down.weight"] = tensors[f"{source}mlp.down_proj.weight"]
        fused[f"{target}input_norm.weight"] = tensors[f"{source}input_layernorm.weight"]
        fused[f"{target}mlp_norm.weight"] = tensors[f"{source}post_attention_layernorm.weight"]
    return fused
