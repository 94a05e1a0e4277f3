"""From names and settings to visual histories."""

from dataclasses import replace

import pytest

from operators.checkpoints.config import FlowNarConfig, MemoryConfig, VisionConfig
from operators.errors import OperatorError
from operators.memory.clam import Clam
from operators.memory.histories.build import build_history, build_memory
from operators.memory.histories.spec import LEARNED_NAMES, HistorySpec
from operators.memory.history import VisualHistory

CONFIG = FlowNarConfig(VisionConfig(32, 16, (2, 2)), MemoryConfig(20, num_heads=2))


def of_kind(kind: str) -> FlowNarConfig:
    return replace(CONFIG, memory=replace(CONFIG.memory, kind=kind))


def build(text: str, learned: VisualHistory | None = None, num_memory_tokens: int = 20) -> VisualHistory:
    return build_history(
        HistorySpec.parse(text),
        learned=learned,
        dim=16,
        num_frame_tokens=5,
        num_memory_tokens=num_memory_tokens,
        device="cpu",
    )


@pytest.mark.parametrize(
    ("text", "num_tokens"),
    [
        ("none", 20),
        ("none:3", 3),
        ("recent", 20),
        ("recent:2", 10),
        ("kmeans", 20),
        ("kmeans:7", 7),
        ("moviechat", 20),
        ("moviechat:1", 5),
        ("retain_all", 0),
    ],
)
def test_sizes(text: str, num_tokens: int) -> None:
    history = build(text)
    assert history.name == text.partition(":")[0]
    assert history.num_tokens == num_tokens


def test_small_memories_still_give_whole_frames() -> None:
    assert build("recent", num_memory_tokens=3).num_tokens == 5
    assert build("moviechat", num_memory_tokens=3).num_tokens == 10


@pytest.mark.parametrize("kind", LEARNED_NAMES)
def test_learned_ones_are_the_models_own(kind: str) -> None:
    memory = build_memory(of_kind(kind))
    assert memory.name == kind
    assert memory.num_tokens == 20
    assert build(kind, memory) is memory
    other = next(name for name in LEARNED_NAMES if name != kind)
    with pytest.raises(
        OperatorError, match=rf"'{other}' needs weights.*only for '{kind}'.*train .*'{other}'"
    ):
        build(other, memory)
    with pytest.raises(OperatorError, match=rf"'{kind}' needs weights.*for no visual history"):
        build(kind)


def test_clam_has_the_tensors_that_model_folders_have() -> None:
    assert list(build_memory(of_kind("clam")).state_dict()) == list(Clam(CONFIG.clam).state_dict())


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(OperatorError, match=r"'retnets'.*nearest known one is 'retnet'"):
        build_memory(of_kind("retnets"))
