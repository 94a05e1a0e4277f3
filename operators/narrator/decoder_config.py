"""Sizes of the language model, from Hugging Face's config; what the decoder can't do is refused by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from operators.errors import CheckpointError
from operators.narrator.rope import RopeConfig

_NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "model_type": ("llama",),
    "hidden_act": ("silu",),
    "attention_bias": (False, None),
    "mlp_bias": (False, None),
    "sliding_window": (None,),
    "use_sliding_window": (False, None),
    "layer_types": (None,),
    "attn_logit_softcapping": (None,),
    "final_logit_softcapping": (None,),
    "no_rope_layers": (None,),
    "quantization_config": (None,),
    "pretraining_tp": (1, None),
}
"""Keys of a config that change what the model computes, with the values that the decoder implements."""


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """Sizes of a `Decoder`.

    Attributes:
        vocab_size: Rows of the embedding.
        hidden_size: Width.
        mlp_size: Hidden width of the MLPs.
        num_layers: Layers.
        num_heads: Query heads; a multiple of num_kv_heads.
        num_kv_heads: Key and value heads.
        head_dim: Channels of a head.
        norm_eps: Of all RMS norms.
        tied_head: The output head is the embedding.
        max_positions: Positions that the model was made for.
        rope: Rotary positions.
    """

    vocab_size: int
    hidden_size: int
    mlp_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    norm_eps: float
    tied_head: bool
    max_positions: int
    rope: RopeConfig

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> Self:
        """Read the object of `language/config.json`.

        Raises:
            CheckpointError: A trait is not supported, a size is missing, or the heads don't fit.
        """
        for key, allowed in _NEUTRAL.items():
            if key in config and config[key] not in allowed:
                raise CheckpointError(
                    f"language config: {key} = {config[key]!r} is not supported.",
                    action="Use a model of the Llama architecture without it.",
                )
        try:
            heads = int(config["num_attention_heads"])
            sizes = cls(
                vocab_size=int(config["vocab_size"]),
                hidden_size=int(config["hidden_size"]),
                mlp_size=int(config["intermediate_size"]),
                num_layers=int(config["num_hidden_layers"]),
                num_heads=heads,
                num_kv_heads=int(config.get("num_key_value_heads") or heads),
                head_dim=int(config.get("head_dim") or int(config["hidden_size"]) // heads),
                norm_eps=float(config["rms_norm_eps"]),
                tied_head=bool(config.get("tie_word_embeddings", False)),
                max_positions=int(config["max_position_embeddings"]),
                rope=RopeConfig.from_json(config),
            )
        except KeyError as error:
            raise CheckpointError(f"language config: key {error.args[0]!r} is missing.") from error
        if sizes.num_heads % sizes.num_kv_heads or sizes.head_dim % 2:
            raise CheckpointError(
                f"language config: {sizes.num_heads} heads of {sizes.head_dim} channels don't fit "
                f"{sizes.num_kv_heads} key heads: they must divide, and the channels must be even."
            )
        return sizes

    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of the weights, as Hugging Face writes them."""
        hidden, queries, keys = (
            self.hidden_size,
            self.num_heads * self.head_dim,
            self.num_kv_heads * self.head_dim,
        )
        shapes: dict[str, tuple[int, ...]] = {
            "model.embed_tokens.weight": (self.vocab_size, hidden),
            "model.norm.weight": (hidden,),
        }
        if not self.tied_head:
            shapes["lm_head.weight"] = (self.vocab_size, hidden)
        for number in range(self.num_layers):
            layer = f"model.layers.{number}."
            shapes |= {
                f"{layer}self_attn.q_proj.weight": (queries, hidden),
                f"{layer}self_attn.k_proj.weight": (keys, hidden),
                f"{layer}self_attn.v_proj.weight": (keys, hidden),
                f"{layer}self_attn.o_proj.weight": (hidden, queries),
                f"{layer}mlp.gate_proj.weight": (self.mlp_size, hidden),
                f"{layer}mlp.up_proj.weight": (self.mlp_size, hidden),
                f"{layer}mlp.down_proj.weight": (hidden, self.mlp_size),
                f"{layer}input_layernorm.weight": (hidden,),
                f"{layer}post_attention_layernorm.weight": (hidden,),
            }
        return shapes
