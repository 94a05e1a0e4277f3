"""The fast form of the gated scan against the loop, at odd sizes, in NaN-filled buffers."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kernels.gated_scan import gated_scan, gated_scan_frames
from kernels.gated_scan.reference import gated_scan_reference

SIZES = [(1, 1, 1, 1, 1), (3, 7, 2, 5, 9), (2, 63, 3, 4, 17), (1, 1, 5, 8, 16), (2, 129, 1, 16, 32)]
"""B, T, H, K, V."""
TOLERANCE = {"atol": 1e-5, "rtol": 1e-5}


def in_nan_buffer(values: Tensor) -> Tensor:
    """The same values as a strided view into a buffer that is NaN everywhere else."""
    buffer = torch.full([size + 2 for size in values.shape], math.nan, dtype=values.dtype)
    view = buffer[tuple(slice(1, -1) for _ in values.shape)]
    view.copy_(values)
    return view


def make_inputs(sizes: tuple[int, ...], seed: int = 0, **options: torch.dtype) -> tuple[Tensor, ...]:
    batch, num_tokens, num_heads, key_dim, value_dim = sizes
    generator = torch.Generator().manual_seed(seed)

    def randn(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, **options)

    state = randn(batch, num_heads, key_dim, value_dim)
    keys = randn(batch, num_tokens, num_heads, key_dim)
    values = randn(batch, num_tokens, num_heads, value_dim)
    # From gates that forget at once to gates that keep for thousands of tokens.
    log_gates = torch.nn.functional.logsigmoid(4 * randn(batch, num_tokens, num_heads, key_dim) + 2)
    return tuple(in_nan_buffer(tensor) for tensor in (state, keys, values, log_gates))


@pytest.mark.parametrize("sizes", SIZES)
def test_gated_scan_equals_the_loop(sizes: tuple[int, ...]) -> None:
    inputs = make_inputs(sizes)
    before = [tensor.clone() for tensor in inputs]
    new = gated_scan(*inputs)
    torch.testing.assert_close(new, gated_scan_reference(*inputs)[:, -1], **TOLERANCE)
    for tensor, old in zip(inputs, before, strict=True):
        assert torch.equal(tensor, old), "an argument was mutated"


@pytest.mark.parametrize("num_frames", [1, 2, 3, 9, 16, 31])
@pytest.mark.parametrize("sizes", SIZES[:3])
def test_gated_scan_frames_equals_the_loop(sizes: tuple[int, ...], num_frames: int) -> None:
    batch, per_frame, *rest = sizes
    state, *fields = make_inputs((batch, per_frame * num_frames, *rest))
    ends = gated_scan_frames(*(field.unflatten(1, (num_frames, per_frame)) for field in fields))
    reference = gated_scan_reference(torch.zeros_like(state), *fields)
    torch.testing.assert_close(ends, reference[:, per_frame - 1 :: per_frame], **TOLERANCE)


def test_gradients_equal_those_of_the_loop() -> None:
    state, *fields = (t.clone().requires_grad_() for t in make_inputs((2, 15, 2, 3, 5), dtype=torch.float64))
    zero = torch.zeros_like(state)
    weight = torch.randn(2, 5, 2, 3, 5, dtype=torch.float64)

    def loop() -> Tensor:
        return (gated_scan_reference(zero, *fields)[:, 2::3] * weight).sum()

    def frames() -> Tensor:
        return (gated_scan_frames(*(f.unflatten(1, (5, 3)) for f in fields)) * weight).sum()

    for ours, theirs in zip(
        torch.autograd.grad(frames(), fields), torch.autograd.grad(loop(), fields), strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-10)

    leaves = [state, *fields]
    once = torch.autograd.grad((gated_scan(*leaves) * weight[:, 0]).sum(), leaves)
    looped = torch.autograd.grad((gated_scan_reference(*leaves)[:, -1] * weight[:, 0]).sum(), leaves)
    for ours, theirs in zip(once, looped, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-10)


def test_closed_and_open_gates() -> None:
    state, keys, values, _ = make_inputs((2, 6, 2, 3, 4))
    closed = torch.full_like(keys, -math.inf)
    last = keys[:, -1, :, :, None] * values[:, -1, :, None, :]
    torch.testing.assert_close(gated_scan(state, keys, values, closed), last)
    frames = gated_scan_frames(*(f.unflatten(1, (3, 2)) for f in (keys, values, closed)))
    torch.testing.assert_close(frames[:, -1], last)
    total = state + torch.einsum("bthk,bthv->bhkv", keys, values)
    torch.testing.assert_close(gated_scan(state, keys, values, torch.zeros_like(keys)), total)


def test_gates_near_one_lose_nothing_over_long_videos() -> None:
    keys = torch.ones(1, 4000, 10, 1, 1)
    log_gates = torch.full_like(keys, -1e-6)
    ends = gated_scan_frames(keys, keys, log_gates)
    exact = -math.expm1(-1e-6 * 40_000) / -math.expm1(-1e-6)
    assert float(ends[0, -1]) == pytest.approx(exact, rel=1e-5)


def test_no_tokens_leave_the_state_as_it_is() -> None:
    state, keys, values, log_gates = make_inputs((2, 3, 2, 3, 4))
    assert torch.equal(gated_scan(state, keys[:, :0], values[:, :0], log_gates[:, :0]), state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s, k, v, g: (s[0], k, v, g), r"state must be \[B, H, K, V\].*\[2, 3, 4\]"),
        (lambda s, k, v, g: (s, k[:, :, :1], v, g), r"keys must be \[2, 5, 2, 3\], got \[2, 5, 1, 3\]"),
        (lambda s, k, v, g: (s, k, v[:, :4], g), r"values must be \[2, 5, 2, 4\], got \[2, 4, 2, 4\]"),
        (lambda s, k, v, g: (s, k, v, g[..., :1]), r"log_gates must be \[2, 5, 2, 3\], got \[2, 5, 2, 1\]"),
        (lambda s, k, v, g: (s, k, v.double(), g), r"values must be torch.float32 .* got torch.float64"),
    ],
)
def test_wrong_inputs_are_refused(change: Callable[..., tuple[Tensor, ...]], message: str) -> None:
    inputs = change(*make_inputs((2, 5, 2, 3, 4)))
    with pytest.raises(ValueError, match=message):
        gated_scan(*inputs)


def test_wrong_frames_are_refused() -> None:
    _, keys, values, log_gates = make_inputs((2, 5, 2, 3, 4))
    with pytest.raises(ValueError, match=r"keys must be \[B, F, T, H, K\]"):
        gated_scan_frames(keys, values, log_gates)
