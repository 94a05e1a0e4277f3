"""CLAM, the paper's memory, as a visual history."""

from typing import Any

from torch import Tensor, nn

from operators.memory.clam import Clam
from operators.memory.history import HistoryState


class ClamHistory(nn.Module):
    """`Clam` with the streams first in its state.

    The names of its tensors in a state dict are those of the `Clam`.

    Args:
        clam: The memory; its parameters become those of this module.
    """

    name = "clam"
    keeps_frames = False
    token_wise = True

    def __init__(self, clam: Clam) -> None:
        super().__init__()
        self.clam = clam
        self.num_tokens = clam.config.num_memory_tokens
        self.register_state_dict_post_hook(_drop_prefix)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_add_prefix)  # type: ignore[no-untyped-call]

    @property
    def state_bytes(self) -> int:
        """Size of one stream's state, bytes (float32)."""
        return self.clam.config.state_bytes

    def initial_state(self, batch: int) -> HistoryState:
        """{"state": zeros [B, layers, H, K, V]}, dtype and device of the weights."""
        return {"state": self.clam.initial_state(batch).transpose(0, 1).contiguous()}

    def update(self, state: HistoryState, features: Tensor) -> HistoryState:
        """Fold any number of tokens [B, N, D] into the state.

        Raises:
            OperatorError: A shape does not fit.
        """
        updated = self.clam.update(state["state"].transpose(0, 1), features)
        return {"state": updated.transpose(0, 1).contiguous()}

    def read(self, state: HistoryState) -> Tensor:
        """Memory tokens [B, M, D].

        Raises:
            OperatorError: The state's shape does not fit.
        """
        return self.clam.read(state["state"].transpose(0, 1))

    def forward_all(self, tokens: Tensor, read_at: Tensor | None = None) -> Tensor:
        """Memory tokens [B, R, M, D] at the asked places of whole videos; see `Clam.forward_all`."""
        return self.clam.forward_all(tokens, read_at)


def _drop_prefix(_: nn.Module, tensors: dict[str, Any], prefix: str, __: object) -> None:
    for name in [name for name in tensors if name.startswith(f"{prefix}clam.")]:
        tensors[prefix + name.removeprefix(f"{prefix}clam.")] = tensors.pop(name)


def _add_prefix(_: nn.Module, tensors: dict[str, Any], prefix: str, *__: object) -> None:
    for name in [name for name in tensors if name.startswith(prefix)]:
        tensors[f"{prefix}clam.{name.removeprefix(prefix)}"] = tensors.pop(name)
