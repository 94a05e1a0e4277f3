"""CLAM as a visual history: the reference values, and the names of its tensors."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import nn

from operators.memory.clam import Clam, ClamConfig
from operators.memory.histories.clam import ClamHistory

GOLDEN = Path(__file__).parents[4] / "golden" / "clam"
GOLDEN_NAMES = [entry["file"] for entry in json.loads((GOLDEN / "clam_index.json").read_text())]
CONFIG = ClamConfig(24, 5, 3, 2, True, tokens_per_frame=5)


@pytest.mark.parametrize("name", GOLDEN_NAMES)
@torch.inference_mode()
def test_golden(name: str) -> None:
    with safe_open(GOLDEN / name, "pt") as file:
        raw = json.loads(file.metadata()["config"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    sizes = (raw["d_model"], raw["n_clusters"], raw["n_head"], raw["n_layers"], raw["learnable_tgt"])
    history = ClamHistory(Clam(ClamConfig(*sizes))).eval()
    prefix = "state_dict."
    weights = {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}
    history.load_state_dict(weights, strict=True)

    state, reads = history.initial_state(1), []
    for frame in tensors["tokens"].split(raw["tokens_per_frame"], dim=1):
        state = history.update(state, frame)
        reads.append(history.read(state))
    torch.testing.assert_close(torch.cat(reads), tensors["stream_output"], atol=1e-5, rtol=0)


def test_tensors_have_the_names_of_the_clam() -> None:
    clam = Clam(CONFIG)
    history = ClamHistory(clam)
    assert list(history.state_dict()) == list(clam.state_dict())

    other = Clam(CONFIG)
    history.load_state_dict(other.state_dict())
    for name, tensor in clam.state_dict().items():
        assert torch.equal(tensor, other.state_dict()[name])

    nested = nn.ModuleDict({"memory": history})
    assert list(nested.state_dict()) == [f"memory.{name}" for name in clam.state_dict()]
    nested.load_state_dict(nested.state_dict())


def test_tensors_of_another_model_are_refused() -> None:
    weights = dict(Clam(CONFIG).state_dict())
    weights["extra"] = weights.pop("query_embed.weight")
    with pytest.raises(RuntimeError, match=r"Missing .*query_embed.weight(.|\n)*Unexpected .*extra"):
        ClamHistory(Clam(CONFIG)).load_state_dict(weights)


def test_training_form_equals_streaming() -> None:
    history = ClamHistory(Clam(CONFIG)).eval()
    tokens = torch.randn(2, 15, 24, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        state = history.update(history.initial_state(2), tokens)
        read = history.forward_all(tokens, torch.tensor([14]))[:, 0]
        torch.testing.assert_close(read, history.read(state), atol=1e-5, rtol=1e-5)
