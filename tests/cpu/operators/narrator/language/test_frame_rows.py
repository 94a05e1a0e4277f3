"""Which rows belong to which frame, and which of them pass."""

import pytest
import torch

from operators.errors import EngineError
from operators.narrator.language.frame_rows import FrameRows, frame_numbers
from operators.narrator.sequences.pieces import FRAME_TOKEN, MEMORY_TOKEN

F, M = FRAME_TOKEN, MEMORY_TOKEN
CPU = torch.device("cpu")


def test_an_unbroken_run_of_a_piece_is_a_frame():
    pieces = [(5, 6), (7, M, M, 8, F, F), (F, F), (9, F, F, 3, F, F, 4), (2,)]
    expected = [-1, -1, -1, -1, -1, -1, 0, 0, 1, 1, -1, 2, 2, -1, 3, 3, -1, -1]
    assert frame_numbers(pieces).tolist() == expected


def test_rows_are_sorted_by_frame_wherever_they_stand():
    rows = FrameRows.from_frames(torch.tensor([1, -1, 0, 1, 0, -1]), CPU)
    assert rows.vision.tolist() == [[2, 4], [0, 3]]
    assert rows.others.tolist() == [1, 5]
    assert FrameRows.from_frames(torch.tensor([-1, -1]), CPU) is None


def test_frames_of_several_sizes_are_refused():
    with pytest.raises(EngineError, match="frames of 1 and of 2 tokens"):
        FrameRows.from_frames(torch.tensor([0, 0, 1, -1]), CPU)


def test_the_best_of_every_frame_pass_and_of_equal_ones_the_first():
    rows = FrameRows.from_frames(torch.tensor([-1, 0, 0, 0, 0, -1, 1, 1, 1, 1]), CPU)
    scores = torch.tensor([[0.5, -2.0, 0.5, 3.0], [-1.0, -1.0, -1.0, -1.0]])
    passing, weights = rows.passing(scores, 2)
    assert dict(zip(passing.tolist(), weights.tolist(), strict=True)) == {
        0: 1.0,
        5: 1.0,
        4: 3.0,
        1: 0.5,
        6: -1.0,
        7: -1.0,
    }


def test_all_pass_at_most():
    rows = FrameRows.from_frames(torch.tensor([0, 0, -1]), CPU)
    passing, weights = rows.passing(torch.tensor([[0.1, 0.2]]), 2)
    assert sorted(passing.tolist()) == [0, 1, 2]
    assert len(weights) == 3
