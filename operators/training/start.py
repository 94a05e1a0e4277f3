"""Go on from a model folder: its weights into the modules of a training run."""

from pathlib import Path

import torch

from operators.checkpoints.adapter import load_adapter
from operators.checkpoints.folder import LANGUAGE_WEIGHTS, read_config
from operators.checkpoints.tensors import load_strictly, read_tensors
from operators.encoder.frame_encoder import FrameEncoder
from operators.training.language import LanguageTrainer


def load_encoder(path: Path, device: torch.device) -> FrameEncoder:
    """The vision tower of a model folder, frozen, in half precision on a GPU.

    Raises:
        CheckpointError: The folder can't be loaded.
    """
    return FrameEncoder.load(path, device, torch.float16 if device.type == "cuda" else torch.float32)


def load_language(trainer: LanguageTrainer, path: Path) -> None:
    """Copy memory, connector and decoder of a model folder into the trainer's modules.

    Raises:
        CheckpointError: The folder can't be loaded, or its sizes differ.
    """
    decoder, config = trainer.decoder, read_config(path)
    connector, clam = load_adapter(path, config, decoder.config.hidden_size)
    load_strictly(trainer.connector, connector.state_dict(), str(path))
    load_strictly(trainer.memory.clam, clam.state_dict(), str(path))
    weights = read_tensors(path / LANGUAGE_WEIGHTS)
    if decoder.config.tie_word_embeddings:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    load_strictly(decoder, weights, str(path / LANGUAGE_WEIGHTS))
