"""The specification of the gated scan: a loop over tokens, one line of algebra each."""

import torch
from torch import Tensor


def gated_scan_reference(state: Tensor, keys: Tensor, values: Tensor, log_gates: Tensor) -> Tensor:
    """Fold T tokens into the state, one after another.

    S_t = exp(g_t) * S_{t-1} + k_t v_t^T, with the gate exp(g_t) per head and key channel.

    Args:
        state: S_0 [B, H, K, V].
        keys: [B, T, H, K].
        values: [B, T, H, V].
        log_gates: g [B, T, H, K], natural logarithm of the gates, <= 0 (minus infinity forgets all).

    Returns:
        S_1 ... S_T [B, T, H, K, V] in the dtype of the state; S_T is the new state.
    """
    states = []
    for t in range(keys.shape[1]):
        update = keys[:, t, :, :, None] * values[:, t, :, None, :]
        state = log_gates[:, t, :, :, None].exp() * state + update
        states.append(state)
    return torch.stack(states, dim=1)
