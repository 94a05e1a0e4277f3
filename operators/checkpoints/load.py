"""Load the narrator's part of a model folder; transformers is not needed for it."""

from pathlib import Path

import torch

from operators.checkpoints import folder
from operators.checkpoints.adapter import load_adapter
from operators.checkpoints.folder import model_hash, read_config
from operators.checkpoints.placement import resolve_device, resolve_dtype
from operators.checkpoints.tensors import read_tensors
from operators.checkpoints.tokenizer import load_tokenizer
from operators.narrator.decoder import Decoder
from operators.narrator.layout import SequenceLayout
from operators.narrator.model import NarratorModel

__all__ = ["load_narrator_model", "model_hash", "read_config"]


def load_narrator_model(
    path: Path, device: str | torch.device = "auto", dtype: str | torch.dtype = "auto"
) -> NarratorModel:
    """Load settings, tokenizer, language model, connector and memory, in evaluation mode.

    Args:
        path: The model folder.
        device: A torch device; `auto` is CUDA if there is a GPU, else the CPU.
        dtype: Of the language model and the connector; `auto` is bfloat16 on CUDA and float32 on the CPU,
            whatever the dtype on disk. The memory is always float32.

    Raises:
        CheckpointError: A file is missing or broken, or a tensor is missing, unexpected or mis-shaped.
        LayoutError: The tokenizer can't write the sequence layout.
        OperatorError: The device or dtype is unknown or not there.
    """
    device = resolve_device(device)
    dtype = resolve_dtype(dtype, device)
    config = read_config(path)
    tokenizer = load_tokenizer(path)
    language_config = folder.read_json(path, folder.LANGUAGE_CONFIG)
    language = read_tensors(path / folder.LANGUAGE_WEIGHTS)
    decoder = Decoder.from_state_dict(
        language_config, {name: tensor.to(device, dtype) for name, tensor in language.items()}
    )
    connector, clam = load_adapter(path, config, decoder.config.hidden_size)
    return NarratorModel(
        config=config,
        layout=SequenceLayout.from_tokenizer(tokenizer, config),
        decoder=decoder.eval(),
        connector=connector.to(device, dtype).eval(),
        clam=clam.to(device).eval(),
        tokenizer=tokenizer,
        model_hash=model_hash(path),
    )
