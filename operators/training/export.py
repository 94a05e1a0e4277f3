"""From trained modules to a model folder."""

from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn

from operators.checkpoints.config import FlowNarConfig
from operators.checkpoints.save import ModelParts, save_model
from operators.training.language import LanguageTrainer
from operators.training.settings import ModelSizes
from operators.training.tower import tower_config

LANGUAGE_KEYS = (
    "model_type",
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "max_position_embeddings",
    "rms_norm_eps",
    "rope_parameters",
    "hidden_act",
    "tie_word_embeddings",
)
"""Keys of `LlamaConfig` that say what the weights mean; the rest are defaults."""


def export_model(
    path: Path,
    config: FlowNarConfig,
    sizes: ModelSizes,
    tower: nn.Module,
    language: LanguageTrainer,
    tokenizer: Tokenizer,
) -> None:
    """Write the model folder, all weights in float16."""
    decoder = language.decoder
    settings = decoder.config.to_dict()
    language_config = {key: settings[key] for key in LANGUAGE_KEYS if key in settings}
    tied = decoder.config.tie_word_embeddings
    weights = {name: t for name, t in decoder.state_dict().items() if not (tied and name == "lm_head.weight")}
    parts = ModelParts(
        config=config,
        vision_config={"model_type": "siglip_vision_model", **tower_config(sizes)},
        vision=tower.state_dict(),
        language_config={"architectures": ["LlamaForCausalLM"], **language_config},
        language=weights,
        connector=language.connector.state_dict(),
        memory=language.memory.memory.state_dict(),
        tokenizer=tokenizer,
    )
    save_model(path, parts, dtype=torch.float16, memory_dtype=torch.float16)
