"""MovieChat's memory consolidation: the two most similar neighbouring frames become one."""

import torch
from torch import Tensor
from torch.nn import functional

from operators.memory.histories.checks import check_size, checked_features
from operators.memory.history import HistoryState


class MovieChatMerge:
    """A fixed number of frames, each the mean of one or more neighbouring frames.

    MovieChat (arXiv 2307.16449), section 3.4 and Algorithm 1: while there are too many frames, merge the two
    neighbours with the highest similarity, which is the cosine averaged over the N tokens (eq. 3); of equally
    similar pairs the first. The paper merges 'via weighted averaging', so each frame weighs as many frames as
    it stands for; its released code takes the plain mean. MovieChat consolidates whenever its short-term
    buffer is full; here the frames of the current segment, which the language model sees, are that buffer,
    and every frame is consolidated at once. Compared in FlowNar's Table 5 (arXiv 2606.00620).

    Args:
        num_slots: R_L, frames that are kept.
        num_frame_tokens: N, tokens per frame.
        dim: D.
        device: Device of the state.

    Raises:
        OperatorError: The number of slots is below 1.
    """

    name = "moviechat"
    keeps_frames = False
    token_wise = False

    def __init__(
        self, num_slots: int, num_frame_tokens: int, dim: int, device: torch.device | str = "cpu"
    ) -> None:
        check_size(self.name, "num_slots", num_slots)
        self.num_tokens = num_slots * num_frame_tokens
        self._shape = (num_slots, num_frame_tokens, dim)
        self._device = torch.device(device)

    @property
    def state_bytes(self) -> int:
        """Size of one stream's state, bytes."""
        return 4 * self.num_tokens * self._shape[2] + 8 * self._shape[0]

    def initial_state(self, batch: int) -> HistoryState:
        """{"frames": zeros [B, slots, N, D] float32, "counts": zeros [B, slots] int64}."""
        return {
            "frames": torch.zeros(batch, *self._shape, device=self._device),
            "counts": torch.zeros(batch, self._shape[0], dtype=torch.int64, device=self._device),
        }

    def update(self, state: HistoryState, features: Tensor) -> HistoryState:
        """Append one frame [B, N, D]; where all slots are taken, merge one pair.

        Raises:
            OperatorError: The features' shape does not fit.
        """
        num_slots, num_frame_tokens, dim = self._shape
        frame = checked_features(self.name, features, len(state["counts"]), dim, num_frame_tokens)
        stream = torch.arange(len(frame), device=frame.device)
        num_taken = (state["counts"] > 0).sum(1)
        counts = functional.pad(state["counts"], (0, 1))  # [B, S + 1]
        frames = functional.pad(state["frames"], (0, 0, 0, 0, 0, 1))  # [B, S + 1, N, D]
        counts[stream, num_taken] = 1
        frames[stream, num_taken] = frame

        similarity = functional.cosine_similarity(frames[:, :-1], frames[:, 1:], dim=-1).mean(-1)  # [B, S]
        left = similarity.argmax(1)
        total = counts[stream, left] + counts[stream, left + 1]
        share = (counts[stream, left + 1] / total.clamp(min=1))[:, None, None]  # of the right one, [B, 1, 1]
        merged = torch.lerp(frames[stream, left], frames[stream, left + 1], share)

        # Streams with room left merge nothing: their pair lies behind all slots.
        left = torch.where(num_taken < num_slots, num_slots, left)
        slot = torch.arange(num_slots, device=frame.device)
        source = slot + (slot > left[:, None])  # [B, S]; the right one's place is closed
        here = slot == left[:, None]
        kept_frames, kept_counts = frames[stream[:, None], source], counts[stream[:, None], source]
        return {
            "frames": torch.where(here[..., None, None], merged[:, None], kept_frames),
            "counts": torch.where(here, total[:, None], kept_counts),
        }

    def read(self, state: HistoryState) -> Tensor:
        """[B, slots * N, D] float32, oldest first; zeros at the end where there were fewer frames."""
        return state["frames"].flatten(1, 2).clone()
