"""Retention against a loop over tokens, and its training form against streaming."""

import math

import torch

from operators.memory.clam import Clam, ClamConfig
from operators.memory.half_lives import bias_half_lives, measured_half_lives
from operators.memory.histories.retnet import RetNetMemory

CONFIG = ClamConfig(48, 5, 4, 2, True, (2.0, 7.0), tokens_per_frame=7)


def random_memory() -> RetNetMemory:
    torch.manual_seed(5)
    return RetNetMemory(CONFIG)


def test_state_equals_a_loop_over_tokens() -> None:
    memory = random_memory().eval()
    tokens = torch.randn(2, 21, 48)
    with torch.inference_mode():
        state = memory.initial_state(2)
        for frame in tokens.split(7, dim=1):
            state = memory.update(state, frame)
        for index, layer in enumerate(memory.clam.memory_layers):
            attention = layer.multihead_attn
            for head, gamma in enumerate((31 / 32, 63 / 64, 127 / 128, 255 / 256)):
                keys = tokens @ attention.k.weight[6 * head : 6 * head + 6].T
                values = tokens @ attention.v.weight[12 * head : 12 * head + 12].T
                expected = torch.zeros(2, 6, 12)
                for key, value in zip(keys.unbind(1), values.unbind(1), strict=True):
                    expected = gamma * expected + key[:, :, None] * value[:, None, :]
                torch.testing.assert_close(state["state"][:, index, head], expected, atol=1e-5, rtol=1e-5)


def test_training_form_equals_streaming_with_gradient() -> None:
    memory = random_memory()
    tokens = torch.randn(3, 28, 48, requires_grad=True)
    places = [6, 9, 27]
    weight = torch.randn(3, len(places), 5, 48)
    state, reads = memory.initial_state(3), []
    for place, token in enumerate(tokens.split(1, dim=1)):
        state = memory.update(state, token)
        if place in places:
            reads.append(memory.read(state))
    leaves = [tokens, *memory.parameters()]
    results = [
        [read, *torch.autograd.grad((read * weight).sum(), leaves)]
        for read in (memory.forward_all(tokens, torch.tensor(places)), torch.stack(reads, dim=1))
    ]
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


def test_half_lives_are_those_of_the_decays() -> None:
    memory = random_memory()
    expected = torch.tensor([math.log(2) / -math.log1p(-(2.0**-bits)) for bits in (5, 6, 7, 8)]).double()
    expected = expected[:, None].expand(2, 4, 6)
    torch.testing.assert_close(bias_half_lives(memory.clam), expected, atol=0, rtol=1e-3)
    measured = measured_half_lives(memory.clam, torch.randn(1, 7, 48))
    torch.testing.assert_close(measured, expected, atol=0, rtol=1e-5)


def test_it_has_the_tensors_of_clam_but_for_the_gates() -> None:
    names = [name for name in Clam(CONFIG).state_dict() if ".gk_proj." not in name]
    assert list(random_memory().state_dict()) == names
