"""Sorting the tensors of an adapter, in the forms that versions of peft write."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from operators.checkpoints.released.peft_adapter import PeftAdapter, Update
from operators.errors import CheckpointError
from tests.support.released_model import PREFIX, TINY_MODEL, change_tensors, copy_released_model

WEIGHTS = "adapter/adapter_model.safetensors"
QUERY = f"{PREFIX}model.layers.1.self_attn.q_proj"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return copy_released_model(tmp_path / "model")


def test_every_tensor_has_its_place() -> None:
    adapter = PeftAdapter(TINY_MODEL / "adapter")
    assert len(adapter.updates) == 3 * 7 + 1
    assert adapter.updates["lm_head"] == Update(
        f"{PREFIX}lm_head.lora_A.weight", f"{PREFIX}lm_head.lora_B.weight"
    )
    assert adapter.copies == {"lm_head.weight": f"{PREFIX}lm_head.base_layer.weight"}
    assert sum(name.startswith("connector.") for name in adapter.saved) == 4
    assert adapter.saved["clustering.query_embed.weight"] == f"{PREFIX}clustering.query_embed.weight"


@pytest.mark.parametrize("name", ["default.", "", "narrator."])
def test_wrapped_modules_and_named_adapters_are_the_same(folder: Path, name: str) -> None:
    plain = PeftAdapter(folder / "adapter")

    def wrap(tensors: dict[str, Tensor]) -> None:
        for stored in list(tensors):
            for module in ("connector.", "clustering."):
                if stored.startswith(PREFIX + module):
                    rest = stored.removeprefix(PREFIX + module)
                    tensors[f"{PREFIX}{module}modules_to_save.{name}{rest}"] = tensors.pop(stored)
                    tensors[f"{PREFIX}{module}original_module.{rest}"] = torch.zeros(1)
            if ".lora_" in stored:
                tensors[stored.replace(".weight", ".default.weight")] = tensors.pop(stored)

    change_tensors(folder / WEIGHTS, wrap)
    wrapped = PeftAdapter(folder / "adapter")
    assert wrapped.saved.keys() == plain.saved.keys()
    assert wrapped.updates.keys() == plain.updates.keys()
    assert wrapped.updates["lm_head"].down == f"{PREFIX}lm_head.lora_A.default.weight"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda t: t.pop(f"{QUERY}.lora_B.weight"),
            r"tensor base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight is missing, "
            r"but its lora_A is there. Copy the adapter again",
        ),
        (lambda t: t.pop(f"{QUERY}.lora_A.weight"), r"q_proj.lora_A.weight is missing, but its lora_B"),
        (
            lambda t: t.update({f"{QUERY}.lora_magnitude_vector": torch.ones(64)}),
            r"unexpected tensor '.*q_proj.lora_magnitude_vector' \[64\]",
        ),
        (
            lambda t: t.update({f"{PREFIX}model.embed_tokens.lora_embedding_A": torch.ones(8, 4)}),
            r"unexpected tensor '.*lora_embedding_A'",
        ),
        (lambda t: t.update({"strange": torch.ones(1)}), r"unexpected tensor 'strange' \[1\]"),
        (
            lambda t: [t.pop(name) for name in list(t) if "clustering" in name or "connector" in name],
            "has no tensors of connector and clustering.*trained with the visual memory",
        ),
    ],
)
def test_tensors_without_a_place_are_named(
    folder: Path, change: Callable[[dict[str, Tensor]], object], message: str
) -> None:
    change_tensors(folder / WEIGHTS, change)
    with pytest.raises(CheckpointError, match=message):
        PeftAdapter(folder / "adapter")


def test_a_pickled_adapter_is_refused(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "adapter/adapter_model.bin")
    with pytest.raises(CheckpointError, match=r"only as a pickle: adapter_model.bin.*weights_only=True"):
        PeftAdapter(folder / "adapter")
