"""Grouped attention against the formula, head by head."""

import pytest
import torch

from operators.narrator.language.attention import grouped_attention


@pytest.mark.parametrize("num_kv_heads", [1, 2, 6])
def test_it_is_softmax_of_scores_times_values(num_kv_heads):
    batch, queries, keys, heads, dim = 3, 5, 7, 6, 4
    generator = torch.Generator().manual_seed(num_kv_heads)
    q = torch.randn(batch, queries, heads, dim, generator=generator)
    k, v = torch.randn(2, batch, keys, num_kv_heads, dim, generator=generator)
    visible = torch.rand(batch, 1, queries, keys, generator=generator) > 0.4
    visible[..., 0] = True
    attended = grouped_attention(q, k, v, visible)
    for head in range(heads):
        shared = head * num_kv_heads // heads
        scores = q[:, :, head] @ k[:, :, shared].transpose(1, 2) / dim**0.5
        weights = scores.masked_fill(~visible[:, 0], -torch.inf).softmax(dim=-1)
        torch.testing.assert_close(attended[:, :, head], weights @ v[:, :, shared], atol=1e-6, rtol=1e-5)
