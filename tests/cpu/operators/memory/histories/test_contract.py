"""What every visual history promises: sizes, purity, independent streams."""

import torch
from safetensors.torch import load, save
from torch import Tensor

from operators.memory.history import VisualHistory

BATCH, DIM = 7, 24


@torch.inference_mode()
def run(history: VisualHistory, frames: Tensor) -> dict[str, Tensor]:
    """The state after frames [F, B, N, D]."""
    state = history.initial_state(frames.shape[1])
    for frame in frames:
        state = history.update(state, frame)
    return dict(state)


def test_sizes_are_as_told_and_stay_so(history: VisualHistory, frames: Tensor) -> None:
    assert history.keeps_frames == (history.name == "retain_all")
    with torch.inference_mode():
        start = history.initial_state(BATCH)
        state = start
        for frame in frames:
            state = history.update(state, frame)
            assert all(tensor.isfinite().all() for tensor in state.values())
        for current in (start, state):
            layout = {key: (tensor.shape, tensor.dtype) for key, tensor in current.items()}
            assert layout == {key: (tensor.shape, tensor.dtype) for key, tensor in start.items()}
            assert all(len(tensor) == BATCH for tensor in current.values())
            assert all(tensor.dtype in {torch.float32, torch.int64} for tensor in current.values())
            num_bytes = sum(tensor[0].numel() * tensor.element_size() for tensor in current.values())
            assert num_bytes == history.state_bytes
            tokens = history.read(current)
            assert tokens.shape == (BATCH, history.num_tokens, DIM)
            assert tokens.dtype == torch.float32
            assert tokens.isfinite().all()


def test_streams_do_not_see_each_other(history: VisualHistory, frames: Tensor) -> None:
    frames = frames[:12]
    together = run(history, frames)
    for stream in range(BATCH):
        alone = run(history, frames[:, stream : stream + 1])
        assert together.keys() == alone.keys()
        for key, tensor in together.items():
            torch.testing.assert_close(tensor[stream], alone[key][0], atol=1e-6, rtol=1e-6)
        with torch.inference_mode():
            read = history.read(together)[stream : stream + 1]
            torch.testing.assert_close(read, history.read(alone), atol=1e-5, rtol=1e-5)


def test_streams_of_different_age_share_a_batch(history: VisualHistory, frames: Tensor) -> None:
    old, young = run(history, frames[:9]), run(history, frames[:1])
    mixed = {key: torch.cat((old[key][:2], young[key][2:])) for key in old}
    next_frame = frames[54]
    with torch.inference_mode():
        after = history.update(mixed, next_frame)
        for stream, state in ((1, old), (4, young)):
            alone = history.update(
                {key: tensor[stream, None] for key, tensor in state.items()}, next_frame[stream, None]
            )
            for key, tensor in after.items():
                torch.testing.assert_close(tensor[stream], alone[key][0], atol=1e-6, rtol=1e-6)


def test_nothing_is_mutated_and_nothing_is_random(history: VisualHistory, frames: Tensor) -> None:
    state = run(history, frames[:6])
    before = {key: tensor.clone() for key, tensor in state.items()}
    frame = frames[55]
    frame_before = frame.clone()
    with torch.inference_mode():
        updates = [history.update(state, frame) for _ in range(2)]
        read = history.read(state)
        read.add_(1)
    assert torch.equal(frame, frame_before)
    for key, tensor in state.items():
        assert torch.equal(tensor, before[key])
        assert torch.equal(updates[0][key], updates[1][key])


def test_state_survives_safetensors_bit_for_bit(history: VisualHistory, frames: Tensor) -> None:
    state = run(history, frames[:8])
    loaded = load(save(state))
    assert loaded.keys() == state.keys()
    frame = frames[56]
    with torch.inference_mode():
        ours, theirs = history.update(state, frame), history.update(loaded, frame)
        assert torch.equal(history.read(state), history.read(loaded))
    for key, tensor in ours.items():
        assert torch.equal(loaded[key], state[key])
        assert torch.equal(tensor, theirs[key])
