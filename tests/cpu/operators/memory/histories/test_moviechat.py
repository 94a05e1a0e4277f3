"""MovieChat's consolidation against worked examples and a plain loop."""

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from operators.memory.histories.moviechat import MovieChatMerge


def plain_loop(frames: Tensor, num_slots: int) -> tuple[list[Tensor], list[int]]:
    """Algorithm 1 over frames [F, N, D], consolidating after each, in float64."""
    kept: list[Tensor] = []
    counts: list[int] = []
    for frame in frames.double():
        kept.append(frame)
        counts.append(1)
        while len(kept) > num_slots:
            similarities = [
                float(functional.cosine_similarity(a, b, dim=-1).mean()) for a, b in pairwise(kept)
            ]
            left = similarities.index(max(similarities))
            total = counts[left] + counts[left + 1]
            kept[left] = (kept[left] * counts[left] + kept[left + 1] * counts[left + 1]) / total
            counts[left] = total
            del kept[left + 1], counts[left + 1]
    return kept, counts


def frame_of(*tokens: tuple[float, float]) -> Tensor:
    return torch.tensor([tokens]).float()


def test_by_hand() -> None:
    history = MovieChatMerge(2, 1, 2)
    state = history.update(history.initial_state(1), frame_of((1, 0)))
    assert history.read(state).tolist() == [[[1, 0], [0, 0]]]
    state = history.update(state, frame_of((0, 2)))
    assert history.read(state).tolist() == [[[1, 0], [0, 2]]]
    state = history.update(state, frame_of((0, 4)))  # the same direction as the second
    assert history.read(state).tolist() == [[[1, 0], [0, 3]]]
    state = history.update(state, frame_of((0, 9)))  # (2 * 3 + 9) / 3
    assert history.read(state).tolist() == [[[1, 0], [0, 5]]]
    assert state["counts"].tolist() == [[1, 3]]
    state = history.update(state, frame_of((-5, 0)))  # opposite to the first, square to the second
    assert state["counts"].tolist() == [[4, 1]]
    assert history.read(state).tolist() == [[[0.25, 3.75], [-5, 0]]]


def test_of_equally_similar_pairs_the_first_is_merged() -> None:
    history = MovieChatMerge(2, 1, 2)
    state = history.initial_state(1)
    for size in (1.0, 2.0, 4.0):
        state = history.update(state, frame_of((size, 0)))
    assert history.read(state).tolist() == [[[1.5, 0], [4, 0]]]


def test_similarity_is_the_mean_over_tokens_not_of_the_frame() -> None:
    history = MovieChatMerge(2, 2, 2)
    state = history.initial_state(1)
    # As one long vector, the first two frames are the most similar ones: their large tokens agree.
    for frame in (frame_of((9, 0), (1, 0)), frame_of((9, 0), (0, 1)), frame_of((9, 1), (1, 9))):
        state = history.update(state, frame)
    assert state["counts"].tolist() == [[1, 2]]


def test_one_slot_holds_the_mean() -> None:
    history = MovieChatMerge(1, 3, 4)
    frames = torch.randn(20, 2, 3, 4, generator=torch.Generator().manual_seed(3))
    state = history.initial_state(2)
    for frame in frames:
        state = history.update(state, frame)
    torch.testing.assert_close(history.read(state), frames.mean(0))


def test_equals_a_plain_loop() -> None:
    history = MovieChatMerge(4, 3, 8)
    frames = torch.randn(30, 5, 3, 8, generator=torch.Generator().manual_seed(4))
    state = history.initial_state(5)
    for index, frame in enumerate(frames):
        state = history.update(state, frame)
        for stream in range(5):
            kept, counts = plain_loop(frames[: index + 1, stream], 4)
            ours = state["frames"][stream, : len(kept)].double()
            torch.testing.assert_close(ours, torch.stack(kept), atol=1e-5, rtol=1e-5)
            assert state["counts"][stream].tolist() == counts + [0] * (4 - len(counts))
            assert not state["frames"][stream, len(kept) :].any()
