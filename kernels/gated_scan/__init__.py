"""Gated scan: the state of a gated linear attention, S_t = exp(g_t) * S_{t-1} + k_t v_t^T."""

import torch
from torch import Tensor

from kernels.gated_scan.chunked import fold_tokens, scan_frames

__all__ = ["gated_scan", "gated_scan_frames"]


def gated_scan(state: Tensor, keys: Tensor, values: Tensor, log_gates: Tensor) -> Tensor:
    """Fold T tokens into the states of B streams.

    S_t = exp(g_t) * S_{t-1} + k_t v_t^T for t = 1 ... T, as one matrix product. Mutates nothing.

    Args:
        state: S_0 [B, H, K, V], floating point.
        keys: [B, T, H, K], dtype and device of the state; T may be 0.
        values: [B, T, H, V], likewise.
        log_gates: g [B, T, H, K], likewise; natural logarithm of the gates, <= 0.

    Returns:
        The new state S_T [B, H, K, V], a new tensor.

    Raises:
        ValueError: A shape, dtype or device does not fit; the message has the actual ones.
    """
    if state.ndim != 4 or keys.ndim != 4:
        raise ValueError(
            "state must be [B, H, K, V] and keys [B, T, H, K], "
            f"got {list(state.shape)} and {list(keys.shape)}"
        )
    batch, num_heads, key_dim, value_dim = state.shape
    num_tokens = keys.shape[1]
    key_shape = (batch, num_tokens, num_heads, key_dim)
    _check("keys", keys, key_shape, state)
    _check("values", values, (batch, num_tokens, num_heads, value_dim), state)
    _check("log_gates", log_gates, key_shape, state)
    update, log_decay = fold_tokens(keys, values, log_gates)
    return log_decay.exp()[..., None] * state + update


def gated_scan_frames(keys: Tensor, values: Tensor, log_gates: Tensor) -> Tensor:
    """States after each of F groups of T tokens, from a zero state, parallel over time.

    Sums within the groups first, then a scan of log2 F steps over the groups: the memory grows with F states,
    not with F x T. Differentiable once.

    Args:
        keys: [B, F, T, H, K], floating point.
        values: [B, F, T, H, V], dtype and device of the keys.
        log_gates: [B, F, T, H, K], likewise; <= 0. A token with zero key and zero log gate changes nothing.

    Returns:
        [B, F, H, K, V]: the state after the last token of each group.

    Raises:
        ValueError: A shape, dtype or device does not fit; the message has the actual ones.
    """
    if keys.ndim != 5 or values.ndim != 5:
        raise ValueError(
            "keys must be [B, F, T, H, K] and values [B, F, T, H, V], "
            f"got {list(keys.shape)} and {list(values.shape)}"
        )
    _check("values", values, (*keys.shape[:4], values.shape[4]), keys)
    _check("log_gates", log_gates, tuple(keys.shape), keys)
    return scan_frames(*fold_tokens(keys, values, log_gates))


def _check(name: str, tensor: Tensor, shape: tuple[int, ...], like: Tensor) -> None:
    if tuple(tensor.shape) != shape:
        raise ValueError(f"{name} must be {list(shape)}, got {list(tensor.shape)}")
    if not torch.is_floating_point(tensor) or tensor.dtype != like.dtype or tensor.device != like.device:
        raise ValueError(
            f"{name} must be {like.dtype} on {like.device} (floating point), "
            f"got {tensor.dtype} on {tensor.device}"
        )
