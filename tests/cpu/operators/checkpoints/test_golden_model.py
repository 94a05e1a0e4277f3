"""The model of the authors' code: loaded and merged here, it must give the logits recorded there."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from operators.checkpoints.load import load_model
from operators.narrator.language.attention import MaskedAttention
from operators.narrator.language.rope import RotaryTable
from operators.narrator.model import NarratorModel

GOLDEN = Path("tests/golden")
TINY_MODEL = GOLDEN / "tiny_model"
MEMORY_ID, FRAME_ID = 1100, 1101


@pytest.fixture(scope="module")
def model() -> NarratorModel:
    return load_model(TINY_MODEL, "cpu")


def teacher_logits(model: NarratorModel, conversation: int) -> tuple[Tensor, Tensor]:
    """Logits of a teacher-forced pass over a conversation, and the recorded ones; both [n, vocabulary]."""
    recorded = np.load(GOLDEN / f"teacher/tf_{conversation}_vision_memory.npz")
    frames = torch.from_numpy(np.load(GOLDEN / f"teacher/tf_{conversation}_frames.npz")["all_frames"])
    token_ids = torch.from_numpy(recorded["input_ids"])
    config, length = model.decoder.config, len(token_ids)
    with torch.inference_mode():
        first_tokens = torch.from_numpy(recorded["mem_frame_indices"]) * frames.shape[1]
        memory = model.memory.forward_all(frames.flatten(0, 1)[None], first_tokens)[0]
        embedded = model.decoder.embed(token_ids.clamp(max=config.vocab_size - 1))
        embedded[token_ids == FRAME_ID] = model.connector(frames.flatten(0, 1))
        embedded[token_ids == MEMORY_ID] = model.connector(memory.flatten(0, 1))
        attention = MaskedAttention(
            torch.arange(length),
            torch.from_numpy(recorded["may_attend"]),
            RotaryTable(config.rope, config.head_dim, length, torch.device("cpu")),
        )
        hidden = model.decoder(embedded, attention)[torch.from_numpy(recorded["learn_positions"])]
        return model.decoder.logits(hidden), torch.from_numpy(recorded["logits_at_learn_positions"])


@pytest.mark.parametrize("conversation", [0, 1])
def test_the_merged_model_gives_the_recorded_logits(model: NarratorModel, conversation: int) -> None:
    logits, recorded = teacher_logits(model, conversation)
    torch.testing.assert_close(logits, recorded, atol=1e-3, rtol=0)


def test_settings_come_from_the_recorded_ones_and_the_tensors(model: NarratorModel) -> None:
    config = model.config
    assert (config.rules, config.fps, config.trigger.average_segment_s) == ("released_live", 2.0, 4.0)
    assert (config.vision.hidden_size, config.vision.num_frame_tokens) == (64, 10)
    assert (config.memory.num_memory_tokens, config.memory.learnable_start) == (5, False)
    assert (config.limits.max_trained_position, config.limits.max_new_tokens) == (19000, 100)
    assert (config.layout.bos_token, config.layout.eos_token) == ("<|begin_of_text|>", "<|eot_id|>")


def test_the_adapter_alone_finds_its_base_and_settings(model: NarratorModel) -> None:
    alone = load_model(TINY_MODEL / "adapter", "cpu")
    assert alone.config == model.config
    assert alone.model_hash == model.model_hash
    assert torch.equal(alone.decoder.lm_head.weight, model.decoder.lm_head.weight)
