"""The clock and the learning rate of a stage."""

import torch
from torch import nn

from operators.training.optimiser import Stage
from operators.training.settings import StageSettings


def test_rate_warms_up_and_falls_to_zero_with_the_steps():
    model = nn.Linear(3, 1)
    settings = StageSettings(time_s=1e6, batch=1, learning_rate=0.1, warmup_steps=4, max_steps=20)
    stage = Stage(settings, [model])
    rates = []
    while not stage.is_over:
        rates.append(stage.learning_rate)
        stage.step(model(torch.ones(2, 3)).square().mean())
    assert len(rates) == 20
    assert rates[0] < rates[1] < rates[3]
    assert rates[-1] < 0.005
    assert max(rates) <= 0.1


def test_time_ends_a_stage():
    stage = Stage(StageSettings(time_s=1e-9, batch=1, learning_rate=0.1), [nn.Linear(1, 1)])
    assert stage.is_over


def test_vectors_have_no_weight_decay_and_modules_have_rates_of_their_own():
    slow, fast = nn.Linear(4, 4), nn.Linear(4, 4)
    before = [module.weight.detach().clone() for module in (slow, fast)]
    bias = fast.bias.detach().clone()
    settings = StageSettings(
        time_s=1e6, batch=1, learning_rate=0.1, warmup_steps=1, max_steps=10, weight_decay=0.5
    )
    stage = Stage(settings, [slow, fast], [0.0, 1.0])
    stage.step((slow(torch.ones(1, 4)) + fast(torch.ones(1, 4)) * 0.0).sum())
    torch.testing.assert_close(slow.weight, before[0])
    torch.testing.assert_close(fast.bias, bias)
    torch.testing.assert_close(fast.weight, before[1] * (1 - 0.1 * 0.5))
