"""The memory against reference values, streaming and all at once, and its two forms against each other."""

import json
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from operators.errors import OperatorError
from operators.memory.clam import Clam, ClamConfig

GOLDEN = Path(__file__).parents[3] / "golden" / "clam"
TOLERANCE = 1e-5


class Golden(NamedTuple):
    clam: Clam
    tensors: dict[str, Tensor]
    num_frames: int


def load_golden(name: str) -> Golden:
    with safe_open(GOLDEN / name, "pt") as file:
        raw = json.loads(file.metadata()["config"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    config = ClamConfig(
        model_dim=raw["d_model"],
        num_memory_tokens=raw["n_clusters"],
        num_heads=raw["n_head"],
        num_layers=raw["n_layers"],
        learnable_start=raw["learnable_tgt"],
        tokens_per_frame=raw["tokens_per_frame"],
    )
    clam = Clam(config).eval()
    prefix = "state_dict."
    weights = {key[len(prefix) :]: tensor for key, tensor in tensors.items() if key.startswith(prefix)}
    clam.load_state_dict(weights, strict=True)
    return Golden(clam, tensors, raw["num_frames"])


GOLDEN_NAMES = [entry["file"] for entry in json.loads((GOLDEN / "clam_index.json").read_text())]


@pytest.mark.parametrize("name", GOLDEN_NAMES)
@torch.inference_mode()
def test_golden(name: str) -> None:
    clam, tensors, num_frames = load_golden(name)
    size = clam.config.tokens_per_frame
    differences: dict[str, float] = {}

    def compare(what: str, ours: Tensor, theirs: Tensor) -> None:
        assert ours.shape == theirs.shape
        differences[what] = float((ours - theirs).abs().max())

    state = clam.initial_state(1)
    reads = []
    for frame in range(num_frames):
        state = clam.update(state, tensors["tokens"][:, frame * size : (frame + 1) * size])
        reads.append(clam.read(state))
    compare("streaming", torch.cat(reads), tensors["stream_output"])
    for layer in range(clam.config.num_layers):
        compare(f"state {layer}", state[layer, 0], tensors[f"state.{layer}"])
    ends = torch.arange(num_frames) * size + size - 1
    compare("frame ends", clam.forward_all(tensors["tokens"], ends)[0], tensors["stream_output"])
    if "all_steps_output" in tensors:
        compare("all steps", clam.forward_all(tensors["tokens"]), tensors["all_steps_output"])

    figures = ", ".join(f"{what} {value:.1e}" for what, value in differences.items())
    sys.stdout.write(f"\nlargest differences, {name}: {figures}")  # seen with -s
    assert max(differences.values()) <= TOLERANCE


def random_clam(*, num_layers: int = 2, gate_bias_init: tuple[float, float] | None = (2.0, 7.0)) -> Clam:
    torch.manual_seed(5)
    config = ClamConfig(48, 5, 4, num_layers, True, gate_bias_init, tokens_per_frame=7)
    return Clam(config)


def stream_tokens(clam: Clam, tokens: Tensor, places: list[int]) -> Tensor:
    """Read [B, R, M, D] after the asked tokens, one token at a time."""
    state = clam.initial_state(len(tokens))
    reads = {}
    for index in range(tokens.shape[1]):
        state = clam.update(state, tokens[:, index : index + 1])
        if index in places:
            reads[index] = clam.read(state)
    return torch.stack([reads[place] for place in places], dim=1)


@pytest.mark.parametrize("places", [[6, 13, 13, 62], [0, 7, 20, 64, 65, 3]])
def test_forward_all_equals_streaming_with_gradient(places: list[int]) -> None:
    clam = random_clam().double()
    tokens = torch.randn(3, 66, 48, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(3, len(places), 5, 48, dtype=torch.float64)
    results = []
    for read in (clam.forward_all(tokens, torch.tensor(places)), stream_tokens(clam, tokens, places)):
        leaves = [tokens, *clam.parameters()]
        results.append([read, *torch.autograd.grad((read * weight).sum(), leaves)])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-10, rtol=1e-10)


def test_forward_all_with_places_of_each_video() -> None:
    clam = random_clam().eval()
    tokens = torch.randn(2, 21, 48)
    places = torch.tensor([[6, 20], [0, 9]])
    read = clam.forward_all(tokens, places)
    for video in range(2):
        alone = clam.forward_all(tokens[video : video + 1], places[video])
        torch.testing.assert_close(read[video], alone[0])


def test_long_videos_stay_finite_and_exact() -> None:
    clam = random_clam(gate_bias_init=(4.0, 12.0)).eval()
    tokens = torch.randn(1, 7 * 600, 48)
    state = clam.initial_state(1)
    with torch.inference_mode():
        for frame in range(600):
            state = clam.update(state, tokens[:, 7 * frame : 7 * frame + 7])
        read = clam.forward_all(tokens, torch.tensor([7 * 600 - 1]))
        torch.testing.assert_close(read[:, 0], clam.read(state), atol=1e-4, rtol=1e-4)


def test_gate_bias_spreads_over_channels() -> None:
    clam = random_clam(gate_bias_init=(4.0, 9.0))
    for layer in clam.memory_layers:
        bias = layer.multihead_attn.gate_bias.view(4, 6)
        torch.testing.assert_close(bias, torch.linspace(4, 9, 6).expand(4, 6))


def test_cached_queries_follow_the_weights() -> None:
    clam = random_clam(num_layers=1).eval()
    state = clam.update(clam.initial_state(2), torch.randn(2, 7, 48))
    with torch.inference_mode():
        first = clam.read(state)
        torch.testing.assert_close(first, clam.read(state), atol=0, rtol=0)
    other = {name: torch.randn_like(tensor) for name, tensor in clam.state_dict().items()}
    clam.load_state_dict(other)
    with torch.inference_mode():
        assert not torch.allclose(first, clam.read(state))
    clam.double()
    assert clam._prepared is None
    clam.float()
    assert clam.read(state).requires_grad, "a cached tensor must not cut the gradient"


def test_update_leaves_the_old_state_alone_and_takes_half_precision() -> None:
    clam = random_clam().eval()
    state = clam.initial_state(2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        new = clam.update(state, torch.randn(2, 7, 48, dtype=torch.bfloat16))
        read = clam.read(new)
    assert state.abs().max() == 0
    assert new.dtype == read.dtype == torch.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda c: c.update(c.initial_state(2), torch.zeros(2, 7, 47)), r"\[B, tokens, 48\].*\[2, 7, 47\]"),
        (lambda c: c.update(c.initial_state(2), torch.zeros(3, 7, 48)), "2 states, but features of 3"),
        (
            lambda c: c.update(torch.zeros(1, 2, 4, 6, 12), torch.zeros(2, 7, 48)),
            r"must be \[2, B, 4, 6, 12\]",
        ),
        (lambda c: c.read(torch.zeros(2, 2, 4, 12, 6)), r"must be \[2, B, 4, 6, 12\]"),
        (lambda c: c.update(c.initial_state(1), torch.zeros(1, 7, 48, dtype=torch.uint8)), "floating point"),
        (lambda c: c.forward_all(torch.zeros(1, 7, 48), torch.tensor([7])), r"0 \.\.\. 6, got 7 \.\.\. 7"),
        (lambda c: c.forward_all(torch.zeros(2, 7, 48), torch.zeros(3, 1).long()), r"\[R\] or \[2, R\]"),
        (lambda c: ClamConfig(50, 5, 4), "not divisible by 2 x 4 heads"),
        (lambda c: ClamConfig(48, 0, 4), "num_memory_tokens is 0"),
    ],
)
def test_wrong_shapes_are_refused(call, message: str) -> None:
    with pytest.raises(OperatorError, match=message):
        call(random_clam())
