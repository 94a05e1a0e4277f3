"""Which features the visual histories take."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from operators.errors import OperatorError
from operators.memory.history import VisualHistory

BATCH = 7


def test_token_wise_histories_take_parts_of_frames(history: VisualHistory, frames: Tensor) -> None:
    frame = frames[0]
    with torch.inference_mode():
        start = history.initial_state(BATCH)
        if not history.token_wise:
            with pytest.raises(OperatorError, match=r"must be floating point \[7, 5, 24\]"):
                history.update(start, frame[:, :2])
            return
        whole, parts = history.update(start, frame), start
        for part in (frame[:, :2], frame[:, 2:3], frame[:, 3:]):
            parts = history.update(parts, part)
    for key, tensor in whole.items():
        torch.testing.assert_close(tensor, parts[key], atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda frame: frame[:, :, 1:],
        lambda frame: frame[1:],
        lambda frame: frame.to(torch.uint8),
        lambda frame: frame[0],
    ],
)
def test_what_does_not_fit_is_refused(
    history: VisualHistory, frames: Tensor, spoil: Callable[[Tensor], Tensor]
) -> None:
    with pytest.raises(OperatorError):
        history.update(history.initial_state(BATCH), spoil(frames[0]))


def test_half_precision_features_are_taken_under_autocast(history: VisualHistory, frames: Tensor) -> None:
    frame = frames[0].bfloat16()
    with torch.inference_mode():
        expected = history.update(history.initial_state(BATCH), frame.float())
        with torch.autocast("cpu", dtype=torch.bfloat16):
            state = history.update(history.initial_state(BATCH), frame)
    for key, tensor in state.items():
        assert torch.equal(tensor, expected[key])
