"""The probability of [SKIP]."""

import math

import pytest
import torch

from operators.narrator.runner import skip_probability


def test_it_is_the_softmax_of_one_token_in_float32():
    logits = torch.randn(6, 300, generator=torch.Generator().manual_seed(0)) * 20
    expected = logits.double().softmax(dim=-1)[:, 11]
    assert all(
        math.isclose(p, float(e), rel_tol=1e-5, abs_tol=1e-30)
        for p, e in zip(skip_probability(logits, 11), expected, strict=True)
    )


def test_large_logits_do_not_overflow():
    logits = torch.tensor([[3.0e4, -3.0e4], [-3.0e4, 3.0e4], [8.0, 8.0]])
    assert skip_probability(logits, 0) == pytest.approx([1.0, 0.0, 0.5])
