"""Which class a visual history's name means: for running, and for the weights of a model."""

import torch

from operators.checkpoints.config import FlowNarConfig
from operators.errors import OperatorError
from operators.memory.clam import Clam
from operators.memory.histories.clam import ClamHistory
from operators.memory.histories.kmeans import OnlineKMeans
from operators.memory.histories.moviechat import MovieChatMerge
from operators.memory.histories.none import NoHistory
from operators.memory.histories.recent import RecentFrames
from operators.memory.histories.retain_all import RetainAll
from operators.memory.histories.retnet import RetNetMemory
from operators.memory.histories.spec import LEARNED_NAMES, HistorySpec, check_name
from operators.memory.histories.token_mlp import TokenMlp
from operators.memory.history import VisualHistory

LearnedHistory = ClamHistory | TokenMlp
"""A visual history with weights: an `nn.Module`, too. `RetNetMemory` is a `ClamHistory`."""


def build_memory(config: FlowNarConfig) -> LearnedHistory:
    """The memory that `config.memory.kind` names, with random weights, float32 on the CPU.

    The names in its state dict, with `<kind>.` before them, are those of the model folder's adapter.

    Raises:
        OperatorError: The kind is unknown; names the nearest.
    """
    kind = config.memory.kind
    check_name(kind, LEARNED_NAMES)
    if kind == "token_mlp":
        return TokenMlp(config.clam)
    return RetNetMemory(config.clam) if kind == "retnet" else ClamHistory(Clam(config.clam))


def build_history(
    spec: HistorySpec,
    *,
    learned: VisualHistory | None,
    dim: int,
    num_frame_tokens: int,
    num_memory_tokens: int,
    device: torch.device | str,
) -> VisualHistory:
    """The visual history that `spec` asks for.

    Without a size, it takes about as many tokens as the model's memory: `none` and `kmeans` as many, `recent`
    as many whole frames (at least 1), `moviechat` as many whole frames (at least 2: with one slot it were the
    mean of the video).

    Args:
        spec: Name and size.
        learned: The model's own memory, returned if its name is asked for; None if it has none.
        dim: D, width of the frame tokens.
        num_frame_tokens: N, tokens per frame.
        num_memory_tokens: M of the model's memory.
        device: Where the states of histories without weights are; `learned` is on its own device.

    Raises:
        OperatorError: A history with weights is asked for that the model was not trained with.
    """
    name, size, num_frames = spec.name, spec.size, num_memory_tokens // num_frame_tokens
    if name in LEARNED_NAMES:
        return _trained(name, learned)
    if name == "retain_all":
        return RetainAll(dim, device)
    if name == "recent":
        return RecentFrames(size or max(1, num_frames), num_frame_tokens, dim, device)
    if name == "moviechat":
        return MovieChatMerge(size or max(2, num_frames), num_frame_tokens, dim, device)
    if name == "kmeans":
        return OnlineKMeans(size or num_memory_tokens, dim, device)
    return NoHistory(size or num_memory_tokens, dim, device)


def _trained(name: str, learned: VisualHistory | None) -> VisualHistory:
    if learned is not None and learned.name == name:
        return learned
    has = f"only for {learned.name!r}" if learned is not None else "for no visual history"
    choice = f"Choose {learned.name!r} or one" if learned is not None else "Choose one"
    raise OperatorError(
        f"visual history {name!r} needs weights, and the model has weights {has}.",
        action=f"{choice} without weights, or train a model with memory kind {name!r}.",
    )
