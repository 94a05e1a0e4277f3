"""All visual histories, small, and frames for them."""

import pytest
import torch
from torch import Tensor

from operators.checkpoints.config import FlowNarConfig, MemoryConfig, VisionConfig
from operators.memory.histories.build import build_history, build_memory
from operators.memory.histories.spec import HISTORY_NAMES, LEARNED_NAMES, HistorySpec
from operators.memory.history import VisualHistory

BATCH, NUM_FRAME_TOKENS, DIM, NUM_MEMORY_TOKENS = 7, 5, 24, 15


@pytest.fixture(params=HISTORY_NAMES)
def history(request: pytest.FixtureRequest) -> VisualHistory:
    """Each visual history by itself."""
    name = request.param
    torch.manual_seed(11)
    learned = None
    if name in LEARNED_NAMES:
        memory = MemoryConfig(NUM_MEMORY_TOKENS, 3, 2, True, (1.0, 4.0), name)
        learned = build_memory(FlowNarConfig(VisionConfig(32, DIM, (2, 2)), memory)).eval()
    return build_history(
        HistorySpec(name),
        learned=learned,
        dim=DIM,
        num_frame_tokens=NUM_FRAME_TOKENS,
        num_memory_tokens=NUM_MEMORY_TOKENS,
        device="cpu",
    )


@pytest.fixture(scope="session")
def frames() -> Tensor:
    """Frames of 7 streams [1000, 7, 5, 24]."""
    shape = (1000, BATCH, NUM_FRAME_TOKENS, DIM)
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))
