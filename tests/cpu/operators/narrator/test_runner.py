"""What the trigger asks of the logits."""

import math

import pytest
import torch

from operators.narrator.runner import skip_decisions


def test_it_is_the_softmax_of_one_token_in_float32():
    logits = torch.randn(6, 300, generator=torch.Generator().manual_seed(0)) * 20
    expected = logits.double().softmax(dim=-1)[:, 11]
    assert all(
        math.isclose(p, float(e), rel_tol=1e-5, abs_tol=1e-30)
        for (p, _), e in zip(skip_decisions(logits, 11), expected, strict=True)
    )


def test_large_logits_do_not_overflow():
    logits = torch.tensor([[3.0e4, -3.0e4], [-3.0e4, 3.0e4], [8.0, 8.0]])
    assert [p for p, _ in skip_decisions(logits, 0)] == pytest.approx([1.0, 0.0, 0.5])


def test_skip_is_best_if_no_token_is_likelier():
    logits = torch.tensor([[1.0, 2.0, 0.0], [2.0, 2.0, 0.0], [2.0, 2.5, 3.0]])
    assert [is_best for _, is_best in skip_decisions(logits, 1)] == [True, True, False]
