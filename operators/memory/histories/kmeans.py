"""Online k-means: M centroids that follow all tokens so far."""

import torch
from torch import Tensor

from operators.memory.histories.checks import check_size, checked_features
from operators.memory.history import HistoryState


class OnlineKMeans:
    """Sequential k-means over the tokens.

    The first M tokens are the centroids. Every later token x moves the nearest one (Euclidean; of equally
    near ones the first) to the mean of all tokens that it stands for: n <- n + 1, c <- c + (x - c) / n. This
    is MacQueen's k-means ('Some methods for classification and analysis of multivariate observations', 1967).
    The paper compares its memory with 'K-Means' (arXiv 2606.00620, Table 5); which variant it took could not
    be looked up.

    Args:
        num_tokens: M.
        dim: D.
        device: Device of the state.

    Raises:
        OperatorError: M is below 1.
    """

    name = "kmeans"
    keeps_frames = False
    token_wise = True

    def __init__(self, num_tokens: int, dim: int, device: torch.device | str = "cpu") -> None:
        check_size(self.name, "num_tokens", num_tokens)
        self.num_tokens = num_tokens
        self._dim = dim
        self._device = torch.device(device)

    @property
    def state_bytes(self) -> int:
        """Size of one stream's state, bytes."""
        return self.num_tokens * (4 * self._dim + 8)

    def initial_state(self, batch: int) -> HistoryState:
        """{"centroids": zeros [B, M, D] float32, "counts": zeros [B, M] int64}."""
        return {
            "centroids": torch.zeros(batch, self.num_tokens, self._dim, device=self._device),
            "counts": torch.zeros(batch, self.num_tokens, dtype=torch.int64, device=self._device),
        }

    def update(self, state: HistoryState, features: Tensor) -> HistoryState:
        """Take any number of tokens [B, N, D], first to last.

        Raises:
            OperatorError: The features' shape does not fit.
        """
        centroids, counts = state["centroids"].clone(), state["counts"].clone()
        tokens = checked_features(self.name, features, len(counts), self._dim)
        stream = torch.arange(len(counts), device=counts.device)
        for token in tokens.unbind(1):  # [B, D]
            num_seeded = (counts > 0).sum(1)
            nearest = (centroids - token[:, None]).square().sum(-1).argmin(1)
            slot = torch.where(num_seeded < self.num_tokens, num_seeded, nearest)  # [B]
            counts[stream, slot] += 1
            before = centroids[stream, slot]
            # A seed has count 1 and comes from zeros: it becomes the token itself.
            centroids[stream, slot] = before + (token - before) / counts[stream, slot, None]
        return {"centroids": centroids, "counts": counts}

    def read(self, state: HistoryState) -> Tensor:
        """The centroids [B, M, D] float32, in the order of their seeds; zeros for those without tokens."""
        return state["centroids"].clone()
