"""Angles: exact at large positions, and depending on distances only."""

import math

import torch

from operators.narrator.language.rope import RotaryTable, rotate
from operators.narrator.language.rope_config import RopeConfig

CPU = torch.device("cpu")


def test_angles_of_large_positions_are_exact():
    table = RotaryTable(RopeConfig(), head_dim=8, num_positions=100_001, device=CPU)
    cosines, sines = table.rows(torch.tensor([100_000]))
    for pair in range(4):
        angle = math.fmod(100_000 * 10000.0 ** (-2 * pair / 8), 2 * math.pi)
        assert abs(float(cosines[0, 0, pair]) - math.cos(angle)) < 1e-7
        assert abs(float(sines[0, 0, pair]) - math.sin(angle)) < 1e-7


def test_scores_depend_on_distance_only():
    table = RotaryTable(RopeConfig(), head_dim=8, num_positions=20_000, device=CPU)
    query, key = torch.randn(2, 1, 3, 8, dtype=torch.float32)

    def score(query_position, key_position):
        rotated_query = rotate(query, table.rows(torch.tensor([query_position])))
        rotated_key = rotate(key, table.rows(torch.tensor([key_position])))
        return (rotated_query * rotated_key).sum(-1)

    torch.testing.assert_close(score(40, 7), score(19_040, 19_007), atol=1e-5, rtol=0)


def test_rotation_keeps_shape_dtype_and_input():
    table = RotaryTable(RopeConfig(), head_dim=4, num_positions=9, device=CPU)
    x = torch.randn(2, 5, 3, 4, dtype=torch.bfloat16)
    before = x.clone()
    rotated = rotate(x, table.rows(torch.arange(5).expand(2, 5)))
    assert (rotated.shape, rotated.dtype) == (x.shape, x.dtype)
    assert torch.equal(x, before)
    assert torch.equal(rotated[:, 0], x[:, 0])
