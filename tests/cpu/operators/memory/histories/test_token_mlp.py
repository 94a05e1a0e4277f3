"""The token MLP: bounded for ever, keeps by its bias, trains through time."""

import pytest
import torch

from operators.errors import OperatorError
from operators.memory.config import ClamConfig
from operators.memory.histories.token_mlp import TokenMlp


def random_memory(gate_bias_init: tuple[float, float] | None = None) -> TokenMlp:
    torch.manual_seed(8)
    return TokenMlp(ClamConfig(16, 4, 2, gate_bias_init=gate_bias_init, tokens_per_frame=3))


@torch.inference_mode()
def test_memory_never_leaves_the_range_of_what_it_saw() -> None:
    memory = random_memory((2.0, 12.0))
    for parameter in memory.mlp.parameters():
        parameter.mul_(20)
    frames = torch.randn(3000, 2, 3, 16)
    bound = max(float(frames.abs().max()), float(memory.start.abs().max()))
    state = memory.initial_state(2)
    for frame in frames:
        state = memory.update(state, frame)
        assert state["memory"].abs().max() <= bound * (1 + 1e-4)


@torch.inference_mode()
def test_start_values_spread_how_long_the_tokens_keep() -> None:
    memory = random_memory((0.0, 12.0))
    state = memory.update(memory.initial_state(1), torch.randn(1, 3, 16))
    moved = (state["memory"][0] - memory.start).norm(dim=-1)
    assert moved[0] > 0.5
    assert moved[-1] < 0.01
    assert bool((moved.diff() < 0).all())


def test_training_form_equals_streaming_and_reaches_the_first_frame() -> None:
    memory = random_memory((2.0, 6.0)).double()
    tokens = torch.randn(2, 15, 16, dtype=torch.float64, requires_grad=True)
    state, reads = memory.initial_state(2), []
    for frame in tokens.split(3, dim=1):
        state = memory.update(state, frame)
        reads.append(memory.read(state))
    streamed = torch.stack(reads, dim=1)
    assert torch.equal(memory.forward_all(tokens), streamed)
    assert torch.equal(memory.forward_all(tokens, torch.tensor([2, 14])), streamed[:, [0, 4]])
    each = memory.forward_all(tokens, torch.tensor([[2, 14], [5, 5]]))
    assert torch.equal(each, torch.stack((streamed[0, [0, 4]], streamed[1, [1, 1]])))

    leaves = [tokens, *memory.parameters()]
    gradients = torch.autograd.grad(memory.forward_all(tokens)[:, -1].square().sum(), leaves)
    assert all(gradient.isfinite().all() and gradient.any() for gradient in gradients)
    assert gradients[0][:, :3].any()


@pytest.mark.parametrize("place", [1, 15, 17])
def test_places_inside_frames_or_behind_are_refused(place: int) -> None:
    with pytest.raises(OperatorError, match=r"k \* 3 - 1, below 15"):
        random_memory().forward_all(torch.zeros(1, 15, 16), torch.tensor([place]))


def test_half_frames_are_refused() -> None:
    with pytest.raises(OperatorError, match=r"frames of 3, got \[1, 14, 16\]"):
        random_memory().forward_all(torch.zeros(1, 14, 16))
