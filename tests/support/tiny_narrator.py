"""A narrator of tiny sizes with random weights and a byte-level tokenizer, built in memory."""

from collections.abc import Iterator, Sequence

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from operators.checkpoints.config import (
    FlowNarConfig,
    LimitsConfig,
    MemoryConfig,
    TriggerConfig,
    VisionConfig,
)
from operators.memory.histories.build import build_memory
from operators.narrator.connector import Connector
from operators.narrator.engine import NarratorEngine
from operators.narrator.language.decoder import Decoder
from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.model import NarratorModel
from operators.narrator.sequences.layout import SequenceLayout
from operators.narrator.streams.settings import StreamSettings
from operators.narrator.types import FrameInput, FrameOutcome, FramePosition

NEVER, ALWAYS = 1e-9, 1 - 1e-9
"""Thresholds under which the tiny models never and always choose to speak."""


def make_tokenizer() -> Tokenizer:
    """One token per byte, so that `]\\n` and `Assistant` take several, and two special tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(text, special=True) for text in ("<bos>", "<eos>")])
    return tokenizer


def make_config(**limits: int) -> FlowNarConfig:
    """A config of tiny sizes: N = 3 tokens a frame, M = 2 of memory."""
    return FlowNarConfig(
        vision=VisionConfig(image_size=48, hidden_size=16, pooled_grid=(1, 2)),
        memory=MemoryConfig(num_memory_tokens=2, num_heads=2, gate_bias_init=(1.0, 4.0)),
        trigger=TriggerConfig(theta=0.5, theta_low=0.05, average_segment_s=1.0),
        limits=LimitsConfig(
            **{"max_new_tokens": 6, "max_narration_tokens": 1000, "max_segment_frames": 5, **limits}
        ),
    )


LANGUAGE_CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_act": "silu",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "vocab_size": 258,
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-5,
    "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0},
    "tie_word_embeddings": False,
}


def random_weights(config: DecoderConfig, seed: int) -> dict[str, Tensor]:
    """Weights by their Hugging Face names, random but not small: different frames give different logits."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in config.weight_shapes().items():
        values = torch.randn(shape, generator=generator)
        if len(shape) == 1:
            weights[name] = 1 + 0.1 * values
        else:
            weights[name] = values if "embed" in name else 1.5 * values / shape[1] ** 0.5
    return weights


def make_model(seed: int = 2, dtype: torch.dtype = torch.float32, **limits: int) -> NarratorModel:
    """A random model with N = 3 and M = 2 that skips some frames and ends some narrations."""
    config, tokenizer = make_config(**limits), make_tokenizer()
    layout = SequenceLayout.from_tokenizer(tokenizer, config)
    weights = random_weights(DecoderConfig.from_json(LANGUAGE_CONFIG), seed)
    # Long output rows of [SKIP] and end of turn: both come up, at some frames and not at others.
    weights["lm_head.weight"][layout.skip] *= 8
    weights["lm_head.weight"][layout.end_of_turn] *= 3
    torch.manual_seed(seed)
    return NarratorModel(
        config=config,
        layout=layout,
        decoder=Decoder.from_state_dict(LANGUAGE_CONFIG, weights).to(dtype).eval(),
        connector=Connector(16, 32).to(dtype).eval(),
        memory=build_memory(config).to(dtype).eval(),
        tokenizer=tokenizer,
    )


def random_frames(
    num_frames: int,
    seed: int,
    stream: str = "cam",
    *,
    first: int = 0,
    fps: float = 2.0,
    shape: tuple[int, int] = (3, 16),
) -> Iterator[FrameInput]:
    """Frames of random features at a steady rate; the last one does not end the stream."""
    generator = torch.Generator().manual_seed(seed)
    for number in range(num_frames):
        features = torch.randn(shape, generator=generator)
        time_ns = round(number / fps * 1e9)
        if number >= first:
            yield FrameInput(stream, FramePosition(number), time_ns, features)


def run_stream(
    model: NarratorModel, frames: Sequence[FrameInput], settings: StreamSettings | None = None
) -> list[FrameOutcome]:
    """Narrate one stream alone in an engine of its own."""
    engine = NarratorEngine(model, num_slots=1)
    engine.open_stream(frames[0].stream, settings or StreamSettings.from_config(model.config))
    return [engine.step([frame])[0] for frame in frames]
