"""A byte-level tokenizer and the layout that it writes."""

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from operators.checkpoints.config import FlowNarConfig, LimitsConfig, MemoryConfig, VisionConfig
from operators.narrator.layout import SequenceLayout


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
        limits=LimitsConfig(
            **{"max_new_tokens": 6, "max_narration_tokens": 400, "max_segment_frames": 5, **limits}
        ),
    )


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    return make_tokenizer()


@pytest.fixture(scope="session")
def config() -> FlowNarConfig:
    return make_config()


@pytest.fixture(scope="session")
def layout(tokenizer: Tokenizer, config: FlowNarConfig) -> SequenceLayout:
    return SequenceLayout.from_tokenizer(tokenizer, config)
