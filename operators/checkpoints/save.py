"""Write a model folder."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from torch import Tensor

from operators.checkpoints import files
from operators.checkpoints.config import FlowNarConfig


@dataclass(frozen=True, slots=True, eq=False)
class ModelParts:
    """Everything that a model folder holds.

    Attributes:
        config: The project's settings.
        vision_config: `SiglipVisionConfig` as a dict.
        vision: Tensors of `SiglipVisionModel`, by their names there. None of them: vision/ is not written.
        language_config: `LlamaConfig` (or another supported one) as a dict.
        language: Tensors by their Hugging Face names; no `lm_head.weight` if it is tied.
        connector: Tensors `0.weight`, `0.bias`, `2.weight`, `2.bias`.
        memory: Tensors of the state dict of the memory that `config.memory.kind` names.
        tokenizer: The language model's tokenizer.
    """

    config: FlowNarConfig
    vision_config: Mapping[str, Any]
    vision: Mapping[str, Tensor]
    language_config: Mapping[str, Any]
    language: Mapping[str, Tensor]
    connector: Mapping[str, Tensor]
    memory: Mapping[str, Tensor]
    tokenizer: Tokenizer


def save_model(
    path: Path,
    parts: ModelParts,
    *,
    dtype: torch.dtype = torch.float16,
    memory_dtype: torch.dtype = torch.float32,
) -> None:
    """Write all files of a model folder; each file is replaced at once, others in the folder are left alone.

    Args:
        path: The folder; made if it is not there.
        parts: What to write.
        dtype: Of the vision, language and connector weights on disk.
        memory_dtype: Of the memory's weights on disk.
    """
    (path / files.LANGUAGE).mkdir(parents=True, exist_ok=True)
    _write_text(path / files.CONFIG, parts.config.to_json())
    _write_text(path / files.LANGUAGE_CONFIG, json.dumps(dict(parts.language_config), indent=2) + "\n")
    _write_text(path / files.TOKENIZER, parts.tokenizer.to_str(pretty=False) + "\n")
    if parts.vision:
        (path / files.VISION).mkdir(exist_ok=True)
        _write_text(path / files.VISION_CONFIG, json.dumps(dict(parts.vision_config), indent=2) + "\n")
        _write_tensors(path / files.VISION_WEIGHTS, parts.vision, dtype)
    _write_tensors(path / files.LANGUAGE_WEIGHTS, parts.language, dtype)
    adapter = {files.CONNECTOR_PREFIX + name: tensor.to(dtype) for name, tensor in parts.connector.items()}
    prefix = f"{parts.config.memory.kind}."
    adapter |= {prefix + name: tensor.to(memory_dtype) for name, tensor in parts.memory.items()}
    _write_tensors(path / files.ADAPTER, adapter)


def _write_text(path: Path, text: str) -> None:
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)


def _write_tensors(path: Path, tensors: Mapping[str, Tensor], dtype: torch.dtype | None = None) -> None:
    """Write tensors, converted if a dtype is given; each gets memory of its own, as the format demands."""
    partial = path.with_name(path.name + ".partial")
    converted = {
        name: t.detach().cpu().to(dtype or t.dtype).clone().contiguous() for name, t in tensors.items()
    }
    save_file(converted, partial, metadata={"format": "pt"})
    os.replace(partial, path)
