"""Half-lives of the memory's channels."""

import math

import pytest
import torch

from operators.memory.clam import Clam, ClamConfig
from operators.memory.half_lives import (
    bias_half_lives,
    half_lives_of_bias,
    half_lives_of_gates,
    measured_half_lives,
)


def test_half_of_a_channel_is_left_after_its_half_life() -> None:
    bias = torch.tensor([-1.0, 0.0, 4.0, 9.0])
    lives = half_lives_of_bias(bias, num_heads=2)
    assert lives.shape == (2, 2)
    torch.testing.assert_close(bias.double().sigmoid() ** lives.flatten(), torch.full((4,), 0.5).double())
    assert lives[0, 1].item() == pytest.approx(1.0)
    assert lives[1, 1].item() == pytest.approx(math.log(2) * math.exp(9), rel=1e-3)


def test_measured_half_lives_use_the_mean_log_gate() -> None:
    log_gates = torch.tensor([[[0.0, -0.1]], [[0.0, -0.3]]])  # [T 2, H 1, K 2]
    lives = half_lives_of_gates(log_gates)
    assert math.isinf(lives[0, 0].item())
    assert lives[0, 1].item() == pytest.approx(math.log(2) / 0.2)


def test_gate_bias_init_spreads_half_lives_log_uniformly() -> None:
    clam = Clam(ClamConfig(64, 4, 2, num_layers=2, gate_bias_init=(4.0, 9.0)))
    lives = bias_half_lives(clam)
    assert lives.shape == (2, 2, 16)
    steps = lives.log().diff(dim=-1)
    torch.testing.assert_close(steps, torch.full_like(steps, 5 / 15), atol=1e-2, rtol=0)


def test_tokens_that_say_nothing_give_the_bias_half_lives() -> None:
    clam = Clam(ClamConfig(64, 4, 2, gate_bias_init=(4.0, 9.0)))
    measured = measured_half_lives(clam, torch.zeros(2, 5, 64))
    torch.testing.assert_close(measured, bias_half_lives(clam), atol=0, rtol=1e-3)
