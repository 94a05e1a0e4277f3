"""Whole videos through the frame encoder."""

import torch
from torch import Tensor

from operators.encoder.frame_encoder import FrameEncoder

ENCODE_BATCH = 1024


def encode_all(encoder: FrameEncoder, frames: Tensor) -> Tensor:
    """Encode frames uint8 [F, S, S, 3], any number of them, to features float32 [F, N, D]."""
    starts = range(0, len(frames), ENCODE_BATCH)
    return torch.cat([encoder.encode(frames[start : start + ENCODE_BATCH]) for start in starts])
