"""Checks that the visual histories share."""

import torch
from torch import Tensor

from operators.errors import OperatorError


def checked_features(
    name: str,
    features: Tensor,
    batch: int,
    dim: int,
    num_frame_tokens: int | None = None,
    *,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Features of B streams in the state's dtype, if their shape fits.

    Args:
        name: Of the history, for messages.
        features: [B, N, D], any floating dtype.
        batch: B, number of states.
        dim: D.
        num_frame_tokens: N, where only whole frames are taken.
        dtype: Of the state.

    Returns:
        [B, N, D]; not copied if the dtype is right already.

    Raises:
        OperatorError: The shape or the dtype does not fit.
    """
    num_tokens = features.shape[1] if num_frame_tokens is None and features.ndim > 1 else num_frame_tokens
    if list(features.shape) != [batch, num_tokens, dim] or not features.is_floating_point():
        wanted = "tokens" if num_frame_tokens is None else num_frame_tokens
        raise OperatorError(
            f"history {name}: features must be floating point [{batch}, {wanted}, {dim}], "
            f"got {features.dtype} {list(features.shape)}."
        )
    return features.to(dtype)


def check_size(name: str, what: str, size: int) -> None:
    """Refuse sizes below 1.

    Raises:
        OperatorError: The size is below 1.
    """
    if size < 1:
        raise OperatorError(f"history {name}: {what} is {size}, it must be at least 1.")
