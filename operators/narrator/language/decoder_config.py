"""Sizes of the language model, from Hugging Face's config."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from operators.errors import CheckpointError
from operators.narrator.language.decoder_traits import refuse_unsupported
from operators.narrator.language.mixture_of_depths import MixtureOfDepths
from operators.narrator.language.rope_config import RopeConfig


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
        normed_heads: Every head's queries and keys pass an RMS norm before they are rotated (Qwen3).
        depths: Layers that only a share of each frame's tokens passes through; None: none.
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
    normed_heads: bool = False
    depths: MixtureOfDepths | None = None

    @classmethod
    def from_json(cls, config: Mapping[str, Any]) -> Self:
        """Read the object of `language/config.json`.

        Raises:
            CheckpointError: A trait is not supported, a size is missing, or the heads don't fit.
        """
        architecture = config.get("model_type", "llama")
        refuse_unsupported(architecture, config)
        is_qwen3 = architecture == "qwen3"
        try:
            heads = int(config["num_attention_heads"])
            sizes = cls(
                vocab_size=int(config["vocab_size"]),
                hidden_size=int(config["hidden_size"]),
                mlp_size=int(config["intermediate_size"]),
                num_layers=int(config["num_hidden_layers"]),
                num_heads=heads,
                num_kv_heads=int(config.get("num_key_value_heads") or heads),
                head_dim=_head_dim(config, heads, is_required=is_qwen3),
                norm_eps=float(config["rms_norm_eps"]),
                tied_head=bool(config.get("tie_word_embeddings", False)),
                max_positions=int(config["max_position_embeddings"]),
                rope=RopeConfig.from_json(config),
                normed_heads=is_qwen3,
                depths=MixtureOfDepths.from_json(config, int(config["num_hidden_layers"])),
            )
        except KeyError as error:
            raise CheckpointError(f"language config: key {error.args[0]!r} is missing.") from error
        if sizes.num_heads % sizes.num_kv_heads or sizes.head_dim % 2:
            raise CheckpointError(
                f"language config: {sizes.num_heads} heads of {sizes.head_dim} channels don't fit "
                f"{sizes.num_kv_heads} key heads: they must divide, and the channels must be even."
            )
        return sizes

    @property
    def routed_layers(self) -> tuple[int, ...]:
        """Numbers of the layers with a router."""
        return self.depths.layers if self.depths else ()

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
            if self.normed_heads:
                shapes[f"{layer}self_attn.q_norm.weight"] = (self.head_dim,)
                shapes[f"{layer}self_attn.k_norm.weight"] = (self.head_dim,)
            if number in self.routed_layers:
                shapes[f"{layer}router.weight"] = (1, hidden)
        return shapes


def _head_dim(config: Mapping[str, Any], num_heads: int, *, is_required: bool) -> int:
    """Channels of a head. Qwen3 does not derive them from the width, so there they must be given."""
    given = config["head_dim"] if is_required else config.get("head_dim")
    return int(given or int(config["hidden_size"]) // num_heads)
