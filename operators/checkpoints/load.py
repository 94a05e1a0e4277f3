"""Load the narrator's part of a model; transformers is needed only for a tokenizer that a GGUF file holds."""

from pathlib import Path

import torch

from operators.checkpoints.adapter import build_adapter
from operators.checkpoints.folder import model_hash, read_config
from operators.checkpoints.placement import resolve_device, resolve_dtype
from operators.checkpoints.sequence_layout import read_layout
from operators.checkpoints.source import open_source
from operators.narrator.language.decoder import Decoder
from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.model import NarratorModel

__all__ = ["load_model", "model_hash", "read_config"]


def load_model(
    path: str | Path, device: str | torch.device = "auto", dtype: str | torch.dtype = "auto"
) -> NarratorModel:
    """Load settings, tokenizer, language model, connector and memory, in evaluation mode.

    Args:
        path: A folder that this project wrote (config.json, adapter.safetensors, language/); or a released
            model: base/, a Llama model as Hugging Face writes it, adapter/, a LoRA adapter of peft with
            connector and clustering, and optionally flownar_config.json; or the adapter's folder alone, with
            its base beside it.
        device: A torch device; `auto` is CUDA if there is a GPU, else the CPU.
        dtype: Of the language model and the connector; `auto` is bfloat16 on CUDA and float32 on the CPU,
            whatever the dtype on disk. The memory is always float32.

    Raises:
        CheckpointError: A file is missing or broken, or a tensor is missing, unexpected or mis-shaped.
        LayoutError: The tokenizer can't write the sequence layout, or is another than that of the training.
        OperatorError: The device or dtype is unknown or not there.
    """
    device = resolve_device(device)
    dtype = resolve_dtype(dtype, device)
    source = open_source(Path(path))
    config, tokenizer, language_config = source.config(), source.tokenizer(), source.language_config()
    layout = read_layout(source, DecoderConfig.from_json(language_config).vocab_size)
    decoder = Decoder.from_state_dict(
        language_config,
        {name: tensor.to(device, dtype) for name, tensor in source.language_tensors()},
    )
    connector, memory = build_adapter(source.adapter(), config, decoder.config.hidden_size)
    return NarratorModel(
        config=config,
        layout=layout,
        decoder=decoder.eval(),
        connector=connector.to(device, dtype).eval(),
        memory=memory.to(device).eval(),
        tokenizer=tokenizer,
        model_hash=model_hash(source.path),
    )
