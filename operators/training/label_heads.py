"""Linear heads that read integer labels from vectors, for training only: their loss and accuracy."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

UNDEFINED = -1
"""Label of what can't be known; ignored."""


class LabelHeads(nn.Module):
    """One linear classifier per label, all in one matrix.

    Args:
        width: Width of the vectors.
        sizes: Number of classes of every label, in the order of the labels' columns.
    """

    def __init__(self, width: int, sizes: Mapping[str, int]) -> None:
        super().__init__()
        self.sizes = dict(sizes)
        self.norm = nn.LayerNorm(width)
        self.linear = nn.Linear(width, sum(sizes.values()))

    def loss(self, vectors: Tensor, labels: Tensor) -> Tensor:
        """Mean over the labels of their mean cross-entropies.

        Args:
            vectors: [..., width].
            labels: Integers [..., number of labels], UNDEFINED where not known.
        """
        losses = []
        for logits, column in self._columns(vectors, labels):
            defined = (column != UNDEFINED).sum().clamp(min=1)
            total = functional.cross_entropy(logits.float(), column, ignore_index=UNDEFINED, reduction="sum")
            losses.append(total / defined)
        return torch.stack(losses).mean()

    @torch.no_grad()
    def right(self, vectors: Tensor, labels: Tensor) -> Tensor:
        """Whether each label is read right: float [rows, number of labels], NaN where undefined."""
        columns = [
            (logits.argmax(-1) == column).float().masked_fill(column == UNDEFINED, float("nan"))
            for logits, column in self._columns(vectors, labels)
        ]
        return torch.stack(columns, dim=-1)

    def _columns(self, vectors: Tensor, labels: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Per label: logits [rows, classes] and classes [rows]."""
        logits = self.linear(self.norm(vectors)).flatten(0, -2).split(list(self.sizes.values()), dim=-1)
        return list(zip(logits, labels.long().flatten(0, -2).unbind(-1), strict=True))
