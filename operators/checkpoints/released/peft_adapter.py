"""A LoRA adapter's folder as peft writes it: which tensor is what, and reading them one by one."""

from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from operators.checkpoints.files import read_json
from operators.checkpoints.released.lora import LoraConfig
from operators.checkpoints.weights.files import WeightFiles
from operators.errors import CheckpointError

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model"
PREFIX = "base_model.model."
CONNECTOR = "connector."
CLAM = "clustering."


OWN_NAMES = {"layers", "query_embed", "tgt_embed"}
"""What names within connector and memory start with, beside numbers; anything else names the adapter."""


class Update(NamedTuple):
    """Names of one module's two matrices in the file: A [r, in] and B [out, r]."""

    down: str
    up: str


class PeftAdapter:
    """The updates, the copies of base weights, and the modules that are saved whole.

    Args:
        path: Folder with adapter_config.json and adapter_model.safetensors.

    Attributes:
        updates: By the module's name in the language model, for example `lm_head`.
        copies: Names in the file of copies of base weights, by the weight's name in the base.
        saved: Names in the file of tensors of connector and memory, by `connector.…` and `clustering.…`.

    Raises:
        CheckpointError: A file is missing or broken, a trait is not supported, a tensor is unexpected, or
            half of an update is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.weights = WeightFiles.find(path, WEIGHTS)
        self.settings = read_json(path, CONFIG)
        self.lora = LoraConfig.from_json(self.settings, str(path / CONFIG))
        self.infos = self.weights.infos()
        self.copies: dict[str, str] = {}
        self.saved: dict[str, str] = {}
        halves: dict[str, dict[str, str]] = {"lora_A": {}, "lora_B": {}}
        for name in self.infos:
            self._sort_in(name, halves)
        if not self.saved:
            raise CheckpointError(
                f"{self.weights.where}: has no tensors of connector and clustering.",
                action="Give an adapter that was trained with the visual memory (see its modules_to_save).",
            )
        self.updates = self._pair(halves)

    def read(self, name: str) -> Tensor:
        """A tensor by its name in the file."""
        return self.weights.read(name)

    def _sort_in(self, name: str, halves: dict[str, dict[str, str]]) -> None:
        parts = name.removeprefix(PREFIX).split(".")
        if not name.startswith(PREFIX) or "original_module" in parts:
            if "original_module" in parts:  # what a saved module was before training
                return
            raise self._unexpected(name)
        if parts[0] + "." in {CONNECTOR, CLAM}:
            self.saved[_without_wrapper(parts)] = name
            return
        # After `lora_A` older and unfinished files name the adapter: lora_A.default.weight.
        kind = next((i for i, part in enumerate(parts) if part.startswith("lora_")), None)
        if kind is not None and parts[kind] in halves and parts[-1] == "weight" and len(parts) - kind <= 3:
            halves[parts[kind]][".".join(parts[:kind])] = name
        elif kind is None and parts[-1] == "weight":
            self.copies[".".join(part for part in parts if part != "base_layer")] = name
        else:
            raise self._unexpected(name)

    def _pair(self, halves: dict[str, dict[str, str]]) -> dict[str, Update]:
        downs, ups = halves["lora_A"], halves["lora_B"]
        for module in sorted(downs.keys() ^ ups.keys()):
            there, lacking = ("lora_A", "lora_B") if module in downs else ("lora_B", "lora_A")
            raise CheckpointError(
                f"{self.weights.where}: tensor {PREFIX}{module}.{lacking}.weight is missing, "
                f"but its {there} is there.",
                action="Copy the adapter again, or save it again from training.",
            )
        return {module: Update(downs[module], ups[module]) for module in downs}

    def _unexpected(self, name: str) -> CheckpointError:
        return CheckpointError(
            f"{self.weights.where}: unexpected tensor {name!r} {list(self.infos[name].shape)}.",
            action="Only LoRA matrices of a Llama language model, connector and clustering are supported: "
            "save the adapter again without it.",
        )


def _without_wrapper(parts: list[str]) -> str:
    """`connector.modules_to_save.default.0.weight` -> `connector.0.weight`."""
    if len(parts) > 2 and parts[1] == "modules_to_save":
        named = not parts[2].isdecimal() and parts[2] not in OWN_NAMES
        parts = [parts[0], *parts[3 if named else 2 :]]
    return ".".join(parts)
