"""Recent frames: the last k frames, as they are."""

import torch
from torch import Tensor

from operators.memory.histories.checks import check_size, checked_features
from operators.memory.history import HistoryState


class RecentFrames:
    """The tokens of the last k frames, oldest first.

    'Last-k' and 'recent frames only' among the histories that the paper compares (arXiv 2606.00620).

    Args:
        num_frames: k.
        num_frame_tokens: N, tokens per frame.
        dim: D.
        device: Device of the state.

    Raises:
        OperatorError: k is below 1.
    """

    name = "recent"
    keeps_frames = False
    token_wise = False

    def __init__(
        self, num_frames: int, num_frame_tokens: int, dim: int, device: torch.device | str = "cpu"
    ) -> None:
        check_size(self.name, "num_frames", num_frames)
        self.num_tokens = num_frames * num_frame_tokens
        self._shape = (num_frames, num_frame_tokens, dim)
        self._device = torch.device(device)

    @property
    def state_bytes(self) -> int:
        """Size of one stream's state, bytes."""
        return 4 * self.num_tokens * self._shape[2]

    def initial_state(self, batch: int) -> HistoryState:
        """{"frames": zeros [B, k, N, D] float32}."""
        return {"frames": torch.zeros(batch, *self._shape, device=self._device)}

    def update(self, state: HistoryState, features: Tensor) -> HistoryState:
        """Put one frame [B, N, D] behind the others and drop the oldest.

        Raises:
            OperatorError: The features' shape does not fit.
        """
        frames = state["frames"]
        _, num_frame_tokens, dim = self._shape
        frame = checked_features(self.name, features, len(frames), dim, num_frame_tokens)
        return {"frames": torch.cat((frames[:, 1:], frame[:, None]), dim=1)}

    def read(self, state: HistoryState) -> Tensor:
        """[B, k * N, D] float32, oldest frame first; zeros before the first frame."""
        return state["frames"].flatten(1, 2).clone()
