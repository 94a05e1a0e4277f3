"""The gated scan as matrix products within frames and a log-step scan over frames."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def fold_tokens(keys: Tensor, values: Tensor, log_gates: Tensor) -> tuple[Tensor, Tensor]:
    """Sum up groups of T tokens: what a group adds to a state, and how much of the state before it stays.

    U = sum_j exp(sum_{i>j} g_i) k_j v_j^T. Only sums of log gates up to the group's end are exponentiated.
    They are <= 0, so nothing overflows however strong the gates are, and gates near 1 lose no digits.

    Args:
        keys: [..., T, H, K].
        values: [..., T, H, V].
        log_gates: [..., T, H, K].

    Returns:
        The update U [..., H, K, V] and the log decay sum_j g_j [..., H, K].
    """
    # Exclusive sums from the end, without subtraction: -inf - -inf would be NaN.
    later = torch.zeros_like(log_gates)
    later[..., :-1, :, :] = log_gates[..., 1:, :, :].flip(-3).cumsum(-3).flip(-3)
    decayed_keys = (keys * later.exp()).movedim(-3, -1)  # [..., H, K, T]
    update = decayed_keys @ values.movedim(-3, -2)  # [..., H, T, V]
    return update, log_gates.sum(-3)


def scan_frames(updates: Tensor, log_decays: Tensor) -> Tensor:
    """Solve S_f = exp(d_f) * S_{f-1} + U_f, S_{-1} = 0, for all frames f at once.

    Differentiable once; only the result and the log decays are kept for the backward pass.

    Args:
        updates: U [B, F, H, K, V].
        log_decays: d [B, F, H, K].

    Returns:
        S [B, F, H, K, V].
    """
    states: Tensor = _FrameScan.apply(updates, log_decays)  # type: ignore[no-untyped-call]
    return states


class _FrameScan(torch.autograd.Function):
    """The scan and its backward pass, which is the same scan from the last frame to the first."""

    @staticmethod
    def forward(ctx: Any, updates: Tensor, log_decays: Tensor) -> Tensor:
        states = _scan(updates, log_decays)
        ctx.save_for_backward(states, log_decays)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor, Tensor]:
        states, log_decays = ctx.saved_tensors
        # dU_f = dS_f + exp(d_{f+1}) dU_{f+1}: the decay that stands before a frame now stands behind it.
        decays_behind = torch.zeros_like(log_decays)
        decays_behind[:, :-1] = log_decays[:, 1:]
        grad_updates = _scan(grad_states.flip(1), decays_behind.flip(1)).flip(1)
        # d(log d_f) = sum_v dU_f * exp(d_f) * S_{f-1}; the first frame has no state before it.
        grad_decays = torch.zeros_like(log_decays)
        grad_decays[:, 1:] = (grad_updates[:, 1:] * states[:, :-1]).sum(-1) * log_decays[:, 1:].exp()
        return grad_updates, grad_decays


def _scan(updates: Tensor, log_decays: Tensor) -> Tensor:
    """Log-step scan: after the step with distance s, each frame has the sum over the 2 s frames up to it."""
    states, decays = updates, log_decays
    step = 1
    while step < updates.shape[1]:
        carried = decays[:, step:, :, :, None].exp() * states[:, :-step]
        states = torch.cat((states[:, :step], states[:, step:] + carried), dim=1)
        decays = torch.cat((decays[:, :step], decays[:, step:] + decays[:, :-step]), dim=1)
        step *= 2
    return states
