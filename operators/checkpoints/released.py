"""A released model: a language model (base), a LoRA adapter for it with connector and memory, settings."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from operators.checkpoints import files, peft_adapter
from operators.checkpoints.config import FlowNarConfig
from operators.checkpoints.gguf_folder import open_language
from operators.checkpoints.language_folder import EMBEDDING, HEAD
from operators.checkpoints.lora import merge
from operators.checkpoints.peft_adapter import PeftAdapter
from operators.checkpoints.released_config import ReleasedSettings, flownar_config
from operators.checkpoints.source import AdapterTensors
from operators.checkpoints.typed_json import from_json_text
from operators.checkpoints.vision_folder import read_vision_config, vision_files
from operators.errors import CheckpointError
from operators.narrator.decoder_config import DecoderConfig

SETTINGS = "flownar_config.json"
BASE = "base"
ADAPTER = "adapter"

MAX_ROUNDING = 0.25
"""Rounding to 4 bits changes weights by a tenth of their size; those of another model differ by all of it."""


class ReleasedFolder:
    """Merges the adapter into the base while reading.

    Settings and vision tower are looked for in the adapter's folder and in the one above it.

    Args:
        path: The folder that was given: that of base/ and adapter/, or the adapter's own.
        adapter: The adapter's folder.

    Raises:
        CheckpointError: The base is not found, or the adapter is broken or not supported.
    """

    def __init__(self, path: Path, adapter: Path) -> None:
        self.path = path
        self._adapter = PeftAdapter(adapter)
        self._base = open_language(find_base(path, adapter, self._adapter.settings))

    def config(self) -> FlowNarConfig:
        """See `source.ModelSource`; from flownar_config.json or its defaults, and the tensors' shapes."""
        return self._config

    @cached_property
    def _config(self) -> FlowNarConfig:
        file = self._beside(SETTINGS)
        settings, where = ReleasedSettings(), self._adapter.weights.where
        if file is not None:
            where = str(file)
            settings = from_json_text(ReleasedSettings, files.read_text(file.parent, SETTINGS), where)
        vision = self.vision_path()
        image_size = None if vision is None else read_vision_config(vision).get("image_size")
        saved = {name: self._adapter.shapes[stored] for name, stored in self._adapter.saved.items()}
        return flownar_config(settings, saved, self._base.config(), self._tokenizer, image_size, where)

    def tokenizer(self) -> Tokenizer:
        """See `source.ModelSource`."""
        return self._tokenizer

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        return self._base.tokenizer()

    def language_config(self) -> dict[str, Any]:
        """See `source.ModelSource`; the head is untied if the adapter changes it."""
        config = self._base.config()
        return config | {"tie_word_embeddings": False} if self._unties else config

    @cached_property
    def _unties(self) -> bool:
        return bool(self._base.config().get("tie_word_embeddings")) and "lm_head" in self._adapter.updates

    def language_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """See `source.ModelSource`."""
        self._check_updates()
        return self._merged()

    def adapter(self) -> AdapterTensors:
        """See `source.ModelSource`."""
        connector, clam = (
            {
                name.removeprefix(prefix): self._adapter.read(stored)
                for name, stored in self._adapter.saved.items()
                if name.startswith(prefix)
            }
            for prefix in (peft_adapter.CONNECTOR, peft_adapter.CLAM)
        )
        where = self._adapter.weights.where
        return AdapterTensors(connector, clam, where, peft_adapter.CONNECTOR, peft_adapter.CLAM)

    def vision_path(self) -> Path | None:
        """See `source.ModelSource`."""
        return self._beside(files.VISION)

    def files(self) -> dict[str, Path]:
        """See `source.ModelSource`."""
        adapter = (self._adapter.path / peft_adapter.CONFIG, *self._adapter.weights.files)
        found = {f"{BASE}/{name}": file for name, file in self._base.files().items()}
        found |= {f"{ADAPTER}/{file.name}": file for file in adapter}
        settings = self._beside(SETTINGS)
        if settings is not None:
            found[SETTINGS] = settings
        return found | vision_files(self.vision_path())

    def _beside(self, name: str) -> Path | None:
        folder = self._adapter.path.absolute()
        return next((path for path in (folder / name, folder.parent / name) if path.exists()), None)

    def _merged(self) -> Iterator[tuple[str, Tensor]]:
        for name, weight in self._base.tensors():
            if name == EMBEDDING and self._unties:
                yield HEAD, self._updated(HEAD, weight)
            yield name, self._updated(name, weight)

    def _updated(self, name: str, weight: Tensor) -> Tensor:
        adapter, module = self._adapter, name.removesuffix(".weight")
        if name in adapter.copies:
            weight = self._compared(name, weight)
        update = adapter.updates.get(module)
        if update is None:
            return weight
        return merge(
            weight, adapter.read(update.down), adapter.read(update.up), adapter.lora.scale_of(module)
        )

    def _compared(self, name: str, weight: Tensor) -> Tensor:
        """The base weight, if the adapter's copy equals it; the copy, if the base was rounded to few bits."""
        stored = self._adapter.copies[name]
        copy = self._adapter.read(stored)
        if torch.equal(copy.to(weight.dtype), weight) or torch.equal(weight.to(copy.dtype), copy):
            return weight
        if not self._base.exact and _distance(copy, weight) < MAX_ROUNDING:
            return copy
        raise CheckpointError(
            f"{self._adapter.weights.where}: tensor {stored!r} differs from {name!r} of {self._base.path}: "
            "the adapter was trained on another base.",
            action="Give the base that adapter_config.json names.",
        )

    def _check_updates(self) -> None:
        """Compare the names and shapes of updates and copies with the base's weights."""
        adapter, where = self._adapter, self._adapter.weights.where
        shapes = DecoderConfig.from_json(self._base.config()).weight_shapes()
        shapes.setdefault(HEAD, shapes[EMBEDDING])
        for module, update in adapter.updates.items():
            shape = shapes.get(f"{module}.weight")
            if shape is None or len(shape) != 2 or f"{module}.weight" == EMBEDDING:
                raise CheckpointError(
                    f"{where}: tensor {update.down!r} changes {module!r}: the base has no such linear layer.",
                    action="Give the base that adapter_config.json names.",
                )
            rank = adapter.lora.rank_of(module)
            for name, expected in ((update.down, (rank, shape[1])), (update.up, (shape[0], rank))):
                _check_shape(name, adapter.shapes[name], expected, where)
        for name, stored in adapter.copies.items():
            if name not in shapes:
                raise CheckpointError(
                    f"{where}: unexpected tensor {stored!r}: the base has no {name!r}.",
                    action="Give the base that adapter_config.json names.",
                )
            _check_shape(stored, adapter.shapes[stored], shapes[name], where)


def _distance(a: Tensor, b: Tensor) -> float:
    """Size of the difference relative to the second."""
    return float((a.float() - b.float()).norm() / b.float().norm())


def find_adapter(path: Path) -> Path | None:
    """The adapter's folder of a released model; None if `path` is none."""
    candidates = (path / ADAPTER, path)
    return next((folder for folder in candidates if (folder / peft_adapter.CONFIG).is_file()), None)


def find_base(path: Path, adapter: Path, settings: dict[str, Any]) -> Path:
    """The folder of the language model that an adapter belongs to.

    Args:
        path: The folder that was given; its base/ comes first.
        adapter: The adapter's folder.
        settings: Its adapter_config.json.

    Raises:
        CheckpointError: It is nowhere.
    """
    adapter = adapter.absolute()
    name = str(settings.get("base_model_name_or_path") or BASE)
    candidates = [adapter / name, adapter.parent / name, adapter.parent / BASE, adapter / BASE]
    if path.absolute() != adapter:
        candidates.insert(0, path / BASE)
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise CheckpointError(
        f"the base {name!r} of the adapter {adapter} is not there.",
        action=f"Put or link its folder beside the adapter: {adapter.parent / BASE}",
    )


def _check_shape(name: str, found: tuple[int, ...], expected: tuple[int, ...], where: str) -> None:
    if found != expected:
        raise CheckpointError(
            f"{where}: tensor {name!r} is {list(found)}, but base and rank ask for {list(expected)}.",
            action="Give the base that adapter_config.json names.",
        )
