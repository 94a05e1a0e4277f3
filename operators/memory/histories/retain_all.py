"""Retain all: every frame stays in the language model's context, as in VideoLLM-online."""

import torch

from operators.memory.histories.none import NoHistory


class RetainAll(NoHistory):
    """No memory tokens and no state, because the frames themselves stay visible after their segment.

    VideoLLM-online (arXiv 2406.11816); 'retain all frames' in the ablation of visual histories of the paper
    (arXiv 2606.00620). The language model's cache grows with the video.

    Args:
        dim: D.
        device: Device of the state.
    """

    name = "retain_all"
    keeps_frames = True

    def __init__(self, dim: int, device: torch.device | str = "cpu") -> None:
        super().__init__(0, dim, device)
