"""A tiny model folder with random weights, for tests that need a model but not a good one."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer
from torch import Tensor

from operators.checkpoints.config import FlowNarConfig, LayoutConfig, LimitsConfig, MemoryConfig, VisionConfig
from operators.checkpoints.save import ModelParts, save_model
from operators.memory.clam import Clam
from operators.narrator.connector import Connector

HIDDEN = 32
IMAGE_SIZE = 48
PATCH = 16
VOCABULARY = 320
SPECIAL_TOKENS = ["<bos>", "<eos>"]
TEXTS = (
    "A bench with a red cup and a blue box.",
    "The hand picks up the red cup.",
    "The hand puts the red cup into the blue box.",
    "The hand closes the box.",
)


def write_tiny_model(path: Path, texts: Sequence[str] = TEXTS, seed: int = 0) -> Path:
    """Write a model folder: frames of 48 px, 10 + 4 tokens, hidden size 32, 2 layers; about 600 kB.

    The weights are random, but one frame in about six is narrated, with a few words, and other frames lead to
    other decisions and texts.

    Args:
        path: The folder; made if it is not there.
        texts: What the tokenizer is trained on; any other text can be encoded too (byte-level BPE).
        seed: Of the weights.

    Returns:
        The folder.
    """
    generator = torch.Generator().manual_seed(seed)
    tokenizer = train_tokenizer(texts)
    config = FlowNarConfig(
        vision=VisionConfig(image_size=IMAGE_SIZE, hidden_size=HIDDEN),
        memory=MemoryConfig(num_memory_tokens=4, num_heads=4, gate_bias_init=(2.0, 7.0)),
        layout=LayoutConfig(system_prompt="A bench.", user_prompt="Narrate."),
        limits=LimitsConfig(max_new_tokens=12, max_narration_tokens=200, max_segment_frames=20),
    )
    vision_config = {
        "model_type": "siglip_vision_model",
        "image_size": IMAGE_SIZE,
        "patch_size": PATCH,
        "hidden_size": HIDDEN,
        "intermediate_size": 2 * HIDDEN,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    language_config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "intermediate_size": 2 * HIDDEN,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": HIDDEN // 4,
        "vocab_size": tokenizer.get_vocab_size(),
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": False,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        clam, connector = Clam(config.clam), Connector(HIDDEN, HIDDEN)
    parts = ModelParts(
        config=config,
        vision_config=vision_config,
        vision=dict(_random(_vision_shapes(), generator)),
        language_config=language_config,
        language=dict(_random(_language_shapes(tokenizer.get_vocab_size()), generator)),
        connector=connector.state_dict(),
        memory=clam.state_dict(),
        tokenizer=tokenizer,
    )
    _make_it_talk(parts)
    save_model(path, parts)
    return path


def train_tokenizer(texts: Sequence[str]) -> Tokenizer:
    """A byte-level BPE tokenizer in which "," is one token."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*texts, "Assistant: User:"], trainer)
    return tokenizer


def _make_it_talk(parts: ModelParts) -> None:
    """Change the random weights so that some frames are skipped and narrations are short and made of words.

    Channel 0 tells frames from text; [SKIP] is likely after frames and end of turn likely in texts.
    """
    tokenizer, head = parts.tokenizer, parts.language["lm_head.weight"]
    parts.connector["2.bias"][0] = 4.0
    parts.language["model.embed_tokens.weight"][:, 0] = -4.0
    head[:, 0] = 0.0
    for token, token_id in tokenizer.get_vocab().items():
        head[token_id] *= 2.0 if len(token) > 2 else 0.3
    for token, weight in ((",", 8.0), ("<eos>", -2.5)):
        head[tokenizer.token_to_id(token)] *= 5.0
        head[tokenizer.token_to_id(token), 0] = weight


def _vision_shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.patch_embedding.weight": (HIDDEN, 3, PATCH, PATCH),
        "embeddings.patch_embedding.bias": (HIDDEN,),
        "embeddings.position_embedding.weight": ((IMAGE_SIZE // PATCH) ** 2, HIDDEN),
        "head.probe": (1, 1, HIDDEN),
        "head.attention.in_proj_weight": (3 * HIDDEN, HIDDEN),
        "head.attention.in_proj_bias": (3 * HIDDEN,),
        **_linear("head.attention.out_proj", HIDDEN, HIDDEN),
        **_linear("head.mlp.fc1", 2 * HIDDEN, HIDDEN),
        **_linear("head.mlp.fc2", HIDDEN, 2 * HIDDEN),
        **_norm("head.layernorm"),
        **_norm("post_layernorm"),
    }
    for layer in range(2):
        prefix = f"encoder.layers.{layer}."
        for name in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= _linear(f"{prefix}self_attn.{name}", HIDDEN, HIDDEN)
        shapes |= _linear(f"{prefix}mlp.fc1", 2 * HIDDEN, HIDDEN) | _linear(
            f"{prefix}mlp.fc2", HIDDEN, 2 * HIDDEN
        )
        shapes |= _norm(f"{prefix}layer_norm1") | _norm(f"{prefix}layer_norm2")
    return shapes


def _language_shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (vocabulary, HIDDEN),
        "model.norm.weight": (HIDDEN,),
        "lm_head.weight": (vocabulary, HIDDEN),
    }
    for layer in range(2):
        prefix = f"model.layers.{layer}."
        shapes |= {
            prefix + "self_attn.q_proj.weight": (HIDDEN, HIDDEN),
            prefix + "self_attn.k_proj.weight": (HIDDEN // 2, HIDDEN),
            prefix + "self_attn.v_proj.weight": (HIDDEN // 2, HIDDEN),
            prefix + "self_attn.o_proj.weight": (HIDDEN, HIDDEN),
            prefix + "mlp.gate_proj.weight": (2 * HIDDEN, HIDDEN),
            prefix + "mlp.up_proj.weight": (2 * HIDDEN, HIDDEN),
            prefix + "mlp.down_proj.weight": (HIDDEN, 2 * HIDDEN),
            prefix + "input_layernorm.weight": (HIDDEN,),
            prefix + "post_attention_layernorm.weight": (HIDDEN,),
        }
    return shapes


def _linear(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _norm(name: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (HIDDEN,), f"{name}.bias": (HIDDEN,)}


def _random(shapes: dict[str, tuple[int, ...]], generator: torch.Generator) -> Iterator[tuple[str, Tensor]]:
    """Matrices that keep the size of what they multiply, norm weights near 1, biases near 0."""
    for name, shape in shapes.items():
        values = torch.randn(shape, generator=generator)
        if name.endswith("bias"):
            yield name, 0.1 * values
        elif "norm" in name:
            yield name, 1 + 0.1 * values
        elif "embed" in name and "patch" not in name:
            yield name, values
        else:
            yield name, 1.5 * values / math.sqrt(math.prod(shape[1:]))
