"""How long the memory's channels remember: after a half-life, half of what was written is left."""

import math

import torch
from torch import Tensor
from torch.nn import functional

from operators.memory.clam import Clam


def half_lives_of_bias(gate_bias: Tensor, num_heads: int) -> Tensor:
    """Half-lives that the gate's bias alone gives, as if the tokens said nothing.

    n = ln 2 / -ln sigmoid(b), about ln 2 * e^b for large b.

    Args:
        gate_bias: Bias of a layer's state gate [H x K].
        num_heads: H.

    Returns:
        Half-lives in tokens [H, K] float64; infinite where the gate is 1.
    """
    return half_lives_of_gates(functional.logsigmoid(gate_bias.double()).view(1, num_heads, -1))


def half_lives_of_gates(log_gates: Tensor) -> Tensor:
    """Half-lives that measured gates give over the tokens that they were measured on.

    Args:
        log_gates: Log gates of T tokens [T, H, K] (or [..., H, K]), <= 0.

    Returns:
        Half-lives in tokens [H, K] float64, from the mean log gate per channel; infinite where it is 0.
    """
    mean = log_gates.double().flatten(0, -3).mean(0)
    return math.log(2) / -mean


@torch.inference_mode()
def measured_half_lives(clam: Clam, tokens: Tensor) -> Tensor:
    """Half-lives of all channels while the memory sees these tokens.

    Args:
        clam: The memory.
        tokens: Frame tokens [B, L, D] of typical video.

    Returns:
        Half-lives in tokens [layers, H, K] float64.
    """
    fields = [layer.multihead_attn.token_fields(tokens) for layer in clam.memory_layers]
    return torch.stack([half_lives_of_gates(field.log_gates) for field in fields])


def bias_half_lives(clam: Clam) -> Tensor:
    """Half-lives of all channels by the gates' biases alone, in tokens [layers, H, K] float64."""
    biases = [layer.multihead_attn.gate_bias.detach() for layer in clam.memory_layers]
    return torch.stack([half_lives_of_bias(bias, clam.config.num_heads) for bias in biases])
