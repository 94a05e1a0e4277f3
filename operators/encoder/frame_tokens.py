"""From pixels to the few tokens per frame that memory and language model see."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from operators.checkpoints.config import VisionConfig


def normalise(frames: Tensor, dtype: torch.dtype) -> Tensor:
    """uint8 RGB [B, S, S, 3] to [B, 3, S, S] in -1 ... 1 (mean 0.5, standard deviation 0.5)."""
    return frames.permute(0, 3, 1, 2).to(dtype) / 127.5 - 1.0


def frame_tokens(tower: nn.Module, pixels: Tensor, vision: VisionConfig) -> Tensor:
    """Run the vision tower and pool its patches; differentiable.

    Args:
        tower: A `SiglipVisionModel`: gives `last_hidden_state` [B, P, D] and, from its attention-pooling
            head, `pooler_output` [B, D].
        pixels: [B, 3, S, S], normalised, on the tower's device.
        vision: Grid, and whether the pooled token comes first.

    Returns:
        [B, N, D] float32: the pooled token, then the patches averaged to the grid (if there is one), row by
        row.
    """
    output = tower(pixel_values=pixels)
    pooled: Tensor = output.pooler_output.float()[:, None]  # [B, 1, D]
    if vision.pooled_grid == (0, 0):
        return pooled
    patches = output.last_hidden_state.float()  # [B, P, D]
    side = round(patches.shape[1] ** 0.5)
    image = patches.transpose(1, 2).unflatten(2, (side, side))  # [B, D, side, side]
    grid = functional.adaptive_avg_pool2d(image, vision.pooled_grid).flatten(2).transpose(1, 2)
    if not vision.pooled_token:
        return grid
    return torch.cat((pooled, grid), dim=1)
