"""States of a memory layer at chosen tokens of whole videos, parallel over time."""

import torch
from torch import Tensor
from torch.nn import functional

from kernels.gated_scan import gated_scan, gated_scan_frames
from operators.memory.clam_layer import TokenFields


def states_at(fields: TokenFields, places: Tensor, tokens_per_frame: int) -> Tensor:
    """The state after each asked token, from a zero state before the first.

    States are kept per frame, not per token: those inside a frame come from the frame before and the frame's
    first tokens, for the asked places only.

    Args:
        fields: Keys, values and log gates of L tokens.
        places: Token indices [B, R] int64, in 0 ... L-1; best on the CPU.
        tokens_per_frame: N, how many tokens are summed up at a time.

    Returns:
        [B, R, H, K, V].
    """
    size = tokens_per_frame
    only_ends = bool((places % size == size - 1).all())  # before the copy: on the CPU this waits for no GPU
    places = places.to(fields.keys.device)
    framed = TokenFields(*(_frames(field, size) for field in fields))  # [B, F, N, H, *]
    ends = gated_scan_frames(*framed)  # [B, F, H, K, V]
    video = torch.arange(len(places), device=places.device)[:, None]
    frame, token = places // size, places % size
    if only_ends:
        return ends[video, frame]

    before = ends[video, (frame - 1).clamp(min=0)] * (frame > 0)[..., None, None, None]
    # Tokens behind the asked one are made neutral: key 0, log gate 0.
    counts = torch.arange(size, device=places.device) <= token[..., None]  # [B, R, N]
    keys, values, log_gates = (field[video, frame].flatten(0, 1) for field in framed)
    mask = counts.flatten(0, 1)[..., None, None]
    log_gates = log_gates.where(mask, torch.zeros_like(log_gates))
    states = gated_scan(before.flatten(0, 1), keys * mask, values, log_gates)
    return states.view(*places.shape, *states.shape[1:])


def _frames(field: Tensor, size: int) -> Tensor:
    """Group tokens [B, L, H, X] into frames [B, F, size, H, X]; neutral zeros fill up the last one."""
    missing = -field.shape[1] % size
    padded = functional.pad(field, (0, 0, 0, 0, 0, missing))
    return padded.view(len(field), -1, size, *field.shape[2:])
