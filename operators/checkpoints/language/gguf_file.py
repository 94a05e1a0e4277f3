"""A Llama model in one GGUF file: its config and weights in Hugging Face's terms, read tensor by tensor."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from operators.checkpoints.weights.tensor_info import TensorInfo
from operators.errors import CheckpointError

if TYPE_CHECKING:
    from gguf import GGUFReader, ReaderTensor

ARCHITECTURE = "llama"

SIZES = {
    "hidden_size": "embedding_length",
    "intermediate_size": "feed_forward_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "head_dim": "rope.dimension_count",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "max_position_embeddings": "context_length",
    "rope_theta": "rope.freq_base",
}
"""Hugging Face's keys and GGUF's, which stand behind `llama.`."""

NAMES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "output": "lm_head",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""GGUF's names of modules, behind `blk.N.` in a layer, and Hugging Face's, behind `model.layers.N.`."""

ROTARY_FACTORS = "rope_freqs.weight"
"""Where llama.cpp keeps a scaling of rotary positions; the settings that led to it can't be told from it."""


class GgufFile:
    """Reads a GGUF file through a memory map.

    Args:
        path: The file.

    Raises:
        CheckpointError: It is broken, or of another architecture.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        architecture = self._value("general.architecture")
        if architecture != ARCHITECTURE:
            raise CheckpointError(
                f"{path}: general.architecture = {architecture!r} is not supported.",
                action="Use a model of the Llama architecture.",
            )

    def config(self) -> dict[str, Any]:
        """The object that config.json would hold.

        Raises:
            CheckpointError: A size is missing, or rotary positions are scaled in a way that is not told.
        """
        scaling = self._value(f"{ARCHITECTURE}.rope.scaling.type")
        if scaling not in {None, "none"} or ROTARY_FACTORS in self._tensors:
            raise CheckpointError(
                f"{self.path} scales its rotary positions, but does not tell all of the scaling's settings.",
                action=f"Put the config.json of the original model beside it, into {self.path.parent}.",
            )
        sizes = {key: self._value(f"{ARCHITECTURE}.{name}") for key, name in SIZES.items()}
        sizes = {key: value for key, value in sizes.items() if value is not None}
        if "token_embd.weight" not in self._tensors:
            raise CheckpointError(
                f"{self.path}: tensor 'token_embd.weight' is missing.", action="Copy it again."
            )
        return {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_act": "silu",
            "vocab_size": int(self._tensors["token_embd.weight"].shape[1]),
            "tie_word_embeddings": "output.weight" not in self._tensors,
            **sizes,
        }

    def infos(self) -> dict[str, TensorInfo]:
        """All tensors by Hugging Face's names; GGUF's own where there is none."""
        return {
            _renamed(tensor.name): TensorInfo(
                tuple(map(int, reversed(tensor.shape))), tensor.tensor_type.name, int(tensor.n_bytes)
            )
            for tensor in self._tensors.values()
        }

    def tensors(self, num_heads: int, num_kv_heads: int) -> Iterator[tuple[str, Tensor]]:
        """All tensors by Hugging Face's names, one after another, float32 on the CPU.

        Args:
            num_heads, num_kv_heads: Of the model. llama.cpp orders the channels of query and key heads by
                pairs; they are put back.
        """
        from gguf import dequantize  # noqa: PLC0415 (needed for this form only)

        for stored in self._tensors.values():
            tensor = torch.from_numpy(dequantize(stored.data, stored.tensor_type).copy())
            if ".attn_q." in stored.name or ".attn_k." in stored.name:
                heads = num_heads if ".attn_q." in stored.name else num_kv_heads
                pairs = tensor.view(heads, -1, 2, tensor.shape[1])  # [heads, D / 2, 2, hidden]
                tensor = pairs.transpose(1, 2).flatten(0, 2)
            yield _renamed(stored.name), tensor

    @cached_property
    def _reader(self) -> "GGUFReader":
        from gguf import GGUFReader  # noqa: PLC0415 (needed for this form only)

        try:
            return GGUFReader(self.path)
        except Exception as error:  # what a broken file leads to: errors of numpy, of enums, of decoding
            raise CheckpointError(
                f"{self.path} is no readable GGUF file: {error}.", action="Copy it again."
            ) from error

    @cached_property
    def _tensors(self) -> dict[str, "ReaderTensor"]:
        return {tensor.name: tensor for tensor in self._reader.tensors}

    def _value(self, key: str) -> Any:
        field = self._reader.get_field(key)
        return None if field is None else field.contents()


def _renamed(name: str) -> str:
    """`blk.3.attn_q.weight` -> `model.layers.3.self_attn.q_proj.weight`; unknown names stay."""
    *block, module, kind = name.rsplit(".", 2)
    if module not in NAMES:
        return name
    layer = f"model.layers.{block[0].removeprefix('blk.')}." if block else ""
    return f"{layer}{NAMES[module]}.{kind}"
