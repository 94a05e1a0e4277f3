"""Which rows of a pass are the tokens of which frame, and which of them a layer's router lets pass."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from operators.errors import EngineError
from operators.narrator.sequences.pieces import FRAME_TOKEN


@dataclass(frozen=True, slots=True)
class FrameRows:
    """Rows of a pass of T tokens with F frames of N tokens.

    Attributes:
        vision: int64 [F, N], the rows of every frame, in their order.
        others: int64 [T - F x N], the rows of text and memory.
    """

    vision: Tensor
    others: Tensor

    @classmethod
    def from_frames(cls, frames: Tensor, device: torch.device) -> Self | None:
        """Sort the rows of a pass. Looks at the numbers on the host: on an accelerator that waits for it.

        Args:
            frames: int64 [T], number of the frame within the pass, or -1 for other tokens; best on the host.
            device: Where the rows go.

        Returns:
            None if the pass has no frame.

        Raises:
            EngineError: The frames are not all of one size.
        """
        numbers = frames.cpu().numpy()
        vision = np.flatnonzero(numbers >= 0)
        if not len(vision):
            return None
        _, sizes = np.unique(numbers[vision], return_counts=True)
        if sizes.min() != sizes.max():
            raise EngineError(
                f"a pass has frames of {sizes.min()} and of {sizes.max()} tokens, but all must have as many.",
                action="Feed whole frames of one model.",
            )
        by_frame = vision[np.argsort(numbers[vision], kind="stable")].reshape(len(sizes), -1)
        return cls(
            torch.from_numpy(by_frame).to(device),
            torch.from_numpy(np.flatnonzero(numbers < 0)).to(device),
        )

    def passing(self, scores: Tensor, num_passing: int) -> tuple[Tensor, Tensor]:
        """Choose the best tokens of every frame; of equal ones the first.

        Each frame is judged by itself, so neither other frames nor the way they are fed matter.

        Args:
            scores: float [F, N], of the vision rows.
            num_passing: How many of a frame pass, 1 ... N.

        Returns:
            The rows that pass, int64 [R], and the weights of their change [R]: a chosen token's score, 1 for
            text and memory (Raposo et al., Mixture-of-Depths, arXiv 2404.02258, eq. 1).
        """
        best = scores.sort(dim=1, descending=True, stable=True).indices[:, :num_passing]  # [F, k]
        rows = torch.cat([self.others, self.vision.gather(1, best).flatten()])
        ones = scores.new_ones(len(self.others))
        return rows, torch.cat([ones, scores.gather(1, best).flatten()])


def frame_numbers(pieces: Iterable[Sequence[int]]) -> Tensor:
    """Number the frames of a pass: each is an unbroken run of FRAME_TOKEN in one piece.

    Args:
        pieces: Token ids of the pieces that are fed, in the order of the pass.

    Returns:
        int64 [T], on the host: number of the token's frame, from 0; -1 for other tokens.
    """
    begins: list[NDArray[np.bool_]] = []
    inside: list[NDArray[np.bool_]] = []
    for piece in pieces:
        is_frame = np.asarray(piece) == FRAME_TOKEN
        begins.append(is_frame & ~np.concatenate([[False], is_frame[:-1]]))
        inside.append(is_frame)
    counted = np.cumsum(np.concatenate(begins)) - 1
    return torch.from_numpy(np.where(np.concatenate(inside), counted, -1))
