"""Heads that read labels from vectors."""

import torch

from operators.training.label_heads import LabelHeads

SIZES = {"colour": 3, "open": 2}


def test_undefined_labels_change_nothing():
    torch.manual_seed(0)
    heads = LabelHeads(8, SIZES)
    vectors = torch.randn(4, 5, 8)
    labels = torch.randint(0, 2, (4, 5, 2))
    labels[0, :, 1] = -1
    loss = heads.loss(vectors, labels)
    vectors[0, :, :] += 1.0
    labels[0, :, 0] = -1
    other = heads.loss(vectors, labels)
    assert loss != other
    rest = heads.loss(vectors[1:], labels[1:])
    torch.testing.assert_close(other, rest)
    assert heads.loss(vectors, torch.full_like(labels, -1)) == 0.0


def test_right_is_nan_where_undefined():
    heads = LabelHeads(8, SIZES)
    labels = torch.tensor([[0, -1], [2, 1]])
    right = heads.right(torch.randn(2, 8), labels)
    assert right.shape == (2, 2)
    assert torch.isnan(right).tolist() == [[False, True], [False, False]]
