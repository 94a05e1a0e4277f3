"""Layers that only some vision tokens pass: against the equation, and against plain layers."""

import pytest
import torch

from operators.errors import CheckpointError, EngineError
from operators.narrator.language.attention import MaskedAttention
from operators.narrator.language.decoder import Decoder
from operators.narrator.language.decoder_config import DecoderConfig
from operators.narrator.language.frame_rows import frame_numbers
from operators.narrator.language.rope import RotaryTable
from operators.narrator.sequences.pieces import FRAME_TOKEN
from tests.support.tiny_narrator import LANGUAGE_CONFIG, random_weights

PLAIN = {**LANGUAGE_CONFIG, "num_hidden_layers": 4}
LAYERS = [1, 3]
F = (FRAME_TOKEN,) * 5
PIECES = [(3, 4), (9, *F, 8, *F, 7), (2, 1, 0)]


def routed(share, *, layers=LAYERS, **changes):
    return {**PLAIN, **changes, "mixture_of_depths": {"layers": layers, "share": share}}


def decoder_of(config, seed=3):
    return Decoder.from_state_dict(config, random_weights(DecoderConfig.from_json(config), seed))


def attention_of(decoder, positions, visible):
    config = decoder.config
    rotary = RotaryTable(config.rope, config.head_dim, 64, torch.device("cpu"))
    return MaskedAttention(positions, visible, rotary)


def run(decoder, embedded, frames):
    length = len(embedded)
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    return decoder(embedded, attention_of(decoder, torch.arange(length), causal), frames)


def by_the_equation(decoder, embedded, frames):
    """One token after another; of a layer's tokens, only those that pass exist."""
    hidden, numbers = embedded, frames.tolist()
    for number, layer in enumerate(decoder.layers):
        rows, weights = list(range(len(numbers))), [1.0] * len(numbers)
        if number in decoder.config.routed_layers:
            scores = (hidden @ layer.router.weight[0]).tolist()
            rows = [row for row, frame in enumerate(numbers) if frame < 0]
            for frame in range(max(numbers) + 1):
                own = [row for row, other in enumerate(numbers) if other == frame]
                count = decoder.config.depths.num_passing(len(own))
                rows += sorted(own, key=lambda row: (-scores[row], row))[:count]
            rows.sort()
            weights = [1.0 if numbers[row] < 0 else scores[row] for row in rows]
        causal = torch.ones(len(rows), len(rows), dtype=torch.bool).tril()
        attention = attention_of(decoder, torch.tensor(rows), causal)
        x = hidden[rows]
        attended = layer.attend(x, number, attention, None)
        change = attended + layer.transform(x + attended)
        hidden = hidden.clone()
        for row, weight, added in zip(rows, weights, change, strict=True):
            hidden[row] += weight * added
    return decoder.norm(hidden)


@pytest.fixture
def embedded():
    return torch.randn(sum(map(len, PIECES)), 32, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("changes", [{}, {"model_type": "qwen3"}], ids=str)
@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
@torch.inference_mode()
def test_it_is_the_equation(share, changes, embedded):
    decoder, frames, before = decoder_of(routed(share, **changes)), frame_numbers(PIECES), embedded.clone()
    hidden = run(decoder, embedded, frames)
    torch.testing.assert_close(hidden, by_the_equation(decoder, embedded, frames), atol=1e-4, rtol=1e-4)
    assert torch.equal(embedded, before)
    other = decoder_of(routed(0.8, **changes))
    assert (run(other, embedded, frames) - hidden).abs().max() > 1e-2 or share == 1.0


@torch.inference_mode()
def test_a_whole_share_with_scores_of_one_is_the_plain_decoder(embedded):
    frames = frame_numbers(PIECES)
    weights = random_weights(DecoderConfig.from_json(PLAIN), seed=3)
    plain = Decoder.from_state_dict(PLAIN, weights)
    entering = {}
    for number in LAYERS:
        plain.layers[number].register_forward_pre_hook(
            lambda _, inputs, number=number: entering.update({number: inputs[0]})
        )
    expected = run(plain, embedded, frames)
    for number in LAYERS:
        vision = entering[number][frames >= 0].double()
        ones = torch.ones(len(vision), 1, dtype=torch.float64)
        solution = torch.linalg.lstsq(vision, ones).solution
        weights[f"model.layers.{number}.router.weight"] = solution.T.float()
    hidden = run(Decoder.from_state_dict(routed(1.0), weights), embedded, frames)
    torch.testing.assert_close(hidden, expected, atol=1e-4, rtol=1e-4)


@torch.inference_mode()
def test_a_pass_without_frames_is_plain(embedded):
    decoder = decoder_of(routed(0.2))
    plain_weights = random_weights(DecoderConfig.from_json(routed(0.2)), 3)
    plain = {name: tensor for name, tensor in plain_weights.items() if "router" not in name}
    expected = run(Decoder.from_state_dict(PLAIN, plain), embedded, None)
    assert torch.equal(run(decoder, embedded, torch.full((len(embedded),), -1)), expected)
    with pytest.raises(EngineError, match="not told which"):
        run(decoder, embedded, None)


@torch.inference_mode()
def test_a_token_that_goes_round_is_not_seen_in_the_layer(embedded):
    decoder = decoder_of(routed(0.2, layers=[0]), seed=5)
    frames = frame_numbers(PIECES)
    scores = embedded @ decoder.layers[0].router.weight[0]
    worst = int(scores.masked_fill(frames != 0, torch.inf).argmin())
    seen = []
    decoder.layers[0].register_forward_hook(lambda *arguments: seen.append(arguments[-1]))
    run(decoder, embedded, frames)
    changed = embedded.clone()
    changed[worst] *= 1.0 + 1e-3
    run(decoder, changed, frames)
    others = torch.arange(len(embedded)) != worst
    assert torch.equal(seen[0][others], seen[1][others])
    assert torch.equal(seen[1][worst], changed[worst])


@pytest.mark.parametrize("fault", ["missing", "unknown", "shape"])
def test_wrong_routers_are_named(fault):
    config = routed(0.2)
    weights = random_weights(DecoderConfig.from_json(config), seed=0)
    name = "model.layers.1.router.weight"
    if fault == "missing":
        del weights[name]
    elif fault == "unknown":
        name = "model.layers.2.router.weight"
        weights[name] = torch.zeros(1, 32)
    else:
        weights[name] = weights[name][0]
    with pytest.raises(CheckpointError, match=name):
        Decoder.from_state_dict(config, weights)


def test_routers_of_a_config_without_routing_are_unknown():
    weights = random_weights(DecoderConfig.from_json(routed(0.2)), seed=0)
    with pytest.raises(CheckpointError, match=r"router.weight.*it is unknown"):
        Decoder.from_state_dict(PLAIN, weights)
