"""Online k-means against worked examples and a plain loop."""

import torch
from torch import Tensor

from operators.memory.histories.kmeans import OnlineKMeans


def token(*values: float) -> Tensor:
    return torch.tensor([[values]]).float()


def plain_loop(tokens: Tensor, num_tokens: int) -> tuple[Tensor, list[int]]:
    """Centroids [M, D] and counts after tokens [T, D], in float64."""
    centroids: list[Tensor] = []
    counts: list[int] = []
    for x in tokens.double():
        if len(centroids) < num_tokens:
            centroids.append(x)
            counts.append(1)
            continue
        distances = [float((x - centroid).norm()) for centroid in centroids]
        nearest = distances.index(min(distances))
        counts[nearest] += 1
        centroids[nearest] = centroids[nearest] + (x - centroids[nearest]) / counts[nearest]
    return torch.stack(centroids), counts


def test_by_hand() -> None:
    history = OnlineKMeans(2, 2)
    state = history.update(history.initial_state(1), token(0, 0))
    assert history.read(state).tolist() == [[[0, 0], [0, 0]]]
    assert state["counts"].tolist() == [[1, 0]]
    state = history.update(state, token(4, 0))
    assert history.read(state).tolist() == [[[0, 0], [4, 0]]]
    state = history.update(state, token(3, 0))  # nearer to the second: its mean is 3.5
    state = history.update(state, token(5, 3))  # (4 + 3 + 5) / 3, (0 + 0 + 3) / 3
    assert history.read(state).tolist() == [[[0, 0], [4, 1]]]
    assert state["counts"].tolist() == [[1, 3]]


def test_of_equally_near_centroids_the_first_moves() -> None:
    history = OnlineKMeans(3, 1)
    state = history.update(history.initial_state(1), torch.tensor([[[2.0], [0.0], [0.0], [1.0]]]))
    assert history.read(state).tolist() == [[[1.5], [0], [0]]]


def test_equal_seeds_are_centroids_of_their_own() -> None:
    history = OnlineKMeans(3, 1)
    state = history.update(history.initial_state(1), torch.ones(1, 3, 1))
    assert state["counts"].tolist() == [[1, 1, 1]]


def test_equals_a_plain_loop() -> None:
    history = OnlineKMeans(6, 8)
    tokens = torch.randn(4, 120, 8, generator=torch.Generator().manual_seed(2))
    state = history.initial_state(4)
    for frame in tokens.split(5, dim=1):
        state = history.update(state, frame)
    for stream in range(4):
        centroids, counts = plain_loop(tokens[stream], 6)
        torch.testing.assert_close(state["centroids"][stream].double(), centroids, atol=1e-5, rtol=1e-5)
        assert state["counts"][stream].tolist() == counts
