"""Which visual history a stream gets, and how its states are held under the context rules."""

from operators.memory.histories.build import build_history
from operators.memory.histories.spec import HistorySpec
from operators.narrator.context import ContextRules
from operators.narrator.model import NarratorModel
from operators.narrator.streams.memory_slots import HistoryPool


def history_pool(kind: str, model: NarratorModel, rules: ContextRules, num_slots: int) -> HistoryPool:
    """Make the pool of a kind of history.

    Args:
        kind: As settings name it, for example `clam` or `recent:4`.
        model: Gives sizes, device, and the history that has weights.
        rules: Say how much of the last frame a memory knows when it is read.
        num_slots: Most streams at a time.

    Raises:
        OperatorError: The kind is unknown, or the model lacks the weights for it.
    """
    vision, device = model.config.vision, model.decoder.embed_tokens.weight.device
    history = build_history(
        HistorySpec.parse(kind),
        learned=model.memory,
        dim=vision.hidden_size,
        num_frame_tokens=vision.num_frame_tokens,
        num_memory_tokens=model.layout.num_memory_tokens,
        device=device,
    )
    return HistoryPool(
        history,
        num_slots,
        num_frame_tokens=vision.num_frame_tokens,
        dim=vision.hidden_size,
        lags=rules.memory_read == "first_token",
        device=device,
    )
