"""A released model: a language model (base), a LoRA adapter for it with connector and memory, settings."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import Tensor

from operators.checkpoints import files
from operators.checkpoints.config import FlowNarConfig
from operators.checkpoints.language.folder import EMBEDDING, HEAD
from operators.checkpoints.language.gguf_folder import open_language
from operators.checkpoints.released import peft_adapter
from operators.checkpoints.released.adapter_checks import check_adapter, compared_copy
from operators.checkpoints.released.config import flownar_config
from operators.checkpoints.released.lora import merge
from operators.checkpoints.released.paths import ADAPTER, BASE, find_base
from operators.checkpoints.released.peft_adapter import PeftAdapter
from operators.checkpoints.released.settings import ReleasedSettings
from operators.checkpoints.source import AdapterTensors
from operators.checkpoints.typed_json import from_json_text
from operators.checkpoints.vision_folder import read_vision_config, vision_files, vision_infos
from operators.checkpoints.weights.tensor_info import TensorInfo, of_prefix
from operators.narrator.language.decoder_config import DecoderConfig

SETTINGS = "flownar_config.json"


class ReleasedFolder:
    """Merges the adapter into the base while reading.

    Settings and vision tower are looked for in the adapter's folder and in the one above it.

    Args:
        path: The folder that was given: that of base/ and adapter/, or the adapter's own.
        adapter: The adapter's folder.

    Raises:
        CheckpointError: The base is not found, or the adapter is broken or not supported.
    """

    form = "released"

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
        saved = {name: self._adapter.infos[stored].shape for name, stored in self._adapter.saved.items()}
        return flownar_config(
            settings,
            saved,
            self._base.config(),
            self._tokenizer,
            image_size,
            clean_up_spaces=self._base.cleans_up_spaces(),
            where=where,
        )

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
        check_adapter(self._adapter, DecoderConfig.from_json(self._base.config()))
        return self._merged(self._base.tensors())

    def adapter(self) -> AdapterTensors:
        """See `source.ModelSource`."""
        connector, memory = (
            {
                name.removeprefix(prefix): self._adapter.read(stored)
                for name, stored in self._adapter.saved.items()
                if name.startswith(prefix)
            }
            for prefix in (peft_adapter.CONNECTOR, peft_adapter.CLAM)
        )
        where = self._adapter.weights.where
        return AdapterTensors(connector, memory, where, peft_adapter.CONNECTOR, peft_adapter.CLAM)

    def parts(self) -> dict[str, list[TensorInfo]]:
        """See `source.ModelSource`."""
        adapter, vision, infos = self._adapter, self.vision_path(), self._adapter.infos
        saved = {name: infos[stored] for name, stored in adapter.saved.items()}
        return {
            **({} if vision is None else {"vision": vision_infos(vision)}),
            "language": list(self._base.infos().values()),
            "lora": [infos[name] for update in adapter.updates.values() for name in update],
            "connector": of_prefix(saved, peft_adapter.CONNECTOR),
            "memory": of_prefix(saved, peft_adapter.CLAM),
        }

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

    def _merged(self, base: Iterator[tuple[str, Tensor]]) -> Iterator[tuple[str, Tensor]]:
        for name, weight in base:
            if name == EMBEDDING and self._unties:
                yield HEAD, self._updated(HEAD, weight)
            yield name, self._updated(name, weight)

    def _updated(self, name: str, weight: Tensor) -> Tensor:
        adapter, module = self._adapter, name.removesuffix(".weight")
        if name in adapter.copies:
            weight = compared_copy(adapter, name, weight, self._base)
        update = adapter.updates.get(module)
        if update is None:
            return weight
        return merge(
            weight, adapter.read(update.down), adapter.read(update.up), adapter.lora.scale_of(module)
        )
