"""The last frames."""

import torch

from operators.memory.histories.recent import RecentFrames


def test_last_frames_oldest_first() -> None:
    history = RecentFrames(3, 2, 4)
    frames = torch.arange(1, 41).float().view(5, 1, 2, 4)
    state = history.initial_state(1)
    for index, frame in enumerate(frames):
        state = history.update(state, frame)
        shown = [torch.zeros(1, 2, 4)] * (2 - index) + list(frames[max(0, index - 2) : index + 1])
        assert torch.equal(history.read(state), torch.cat(shown, dim=1))
