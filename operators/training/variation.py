"""What differs between videos without meaning anything, varied, so that no video can be known by its looks.

Benches, sleeves, light and cameras leave a mark in all features of a video. A memory that sums up hundreds of
frames reads that mark well enough to learn the training videos by heart. The marks of two videos with the same
containers in the same places differ by such looks only; adding the difference to a third video changes its mark.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Variation:
    """How much features are varied in training.

    Attributes:
        noise: Standard deviation of the noise on every number, relative to the features'.
        looks: Largest share of a difference in looks that is added.
    """

    noise: float = 0.1
    looks: float = 1.0


def differences_in_looks(means: Tensor, layouts: Tensor, count: int) -> Tensor:
    """Differences between the mean features of videos with the same layout.

    Args:
        means: [V, N, D], mean features of V videos.
        layouts: int64 [V], equal for videos with the same containers in the same places.
        count: How many differences.

    Returns:
        [count, N, D], of pairs drawn at random; zero where a video is paired with itself.
    """
    pairs = []
    for _ in range(2):
        shuffled = torch.randperm(len(layouts), device=layouts.device)
        pairs.append(shuffled[torch.argsort(layouts[shuffled], stable=True)])
    drawn = torch.randint(len(layouts), (count,), device=layouts.device)
    return means[pairs[0][drawn]] - means[pairs[1][drawn]]


def vary(features: Tensor, means: Tensor, layouts: Tensor, scale: float, variation: Variation) -> Tensor:
    """Vary the features of B videos.

    Args:
        features: [B, F, N, D]; not mutated.
        means: See `differences_in_looks`.
        layouts: See `differences_in_looks`.
        scale: Standard deviation of the features.
        variation: How much.

    Returns:
        [B, F, N, D].
    """
    looks = differences_in_looks(means, layouts, len(features))
    share = variation.looks * torch.rand(len(features), 1, 1, device=features.device)
    noise = variation.noise * scale * torch.randn_like(features)
    return features + (share * looks)[:, None] + noise
