"""A model folder as this project writes it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import Tensor

from operators.checkpoints import files
from operators.checkpoints.config import FlowNarConfig
from operators.checkpoints.language.gguf_folder import open_language
from operators.checkpoints.source import AdapterTensors
from operators.checkpoints.vision_folder import vision_files, vision_infos
from operators.checkpoints.weights.files import WeightFiles
from operators.checkpoints.weights.tensor_info import TensorInfo, of_prefix
from operators.checkpoints.weights.tensors import check_prefixes, read_tensors, without_prefix
from operators.errors import CheckpointError


class MergedFolder:
    """config.json, adapter.safetensors, language/ and, where frames are encoded, vision/.

    Args:
        path: The folder.
    """

    form = "merged"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._language = open_language(path / files.LANGUAGE)

    def config(self) -> FlowNarConfig:
        """See `source.ModelSource`; config.json as it stands."""
        text = files.read_text(self.path, files.CONFIG)
        kind = files.read_json(self.path, files.CONFIG).get("model_type", "flownar")
        if kind != "flownar":
            raise CheckpointError(
                f"{self.path} holds a {kind!r} model alone, without connector and memory.", action=files.FORMS
            )
        return FlowNarConfig.from_json(text, where=str(self.path / files.CONFIG))

    def tokenizer(self) -> Tokenizer:
        """See `source.ModelSource`."""
        return self._language.tokenizer()

    def language_config(self) -> dict[str, Any]:
        """See `source.ModelSource`."""
        return self._language.config()

    def language_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """See `source.ModelSource`."""
        return self._language.tensors()

    def adapter(self) -> AdapterTensors:
        """See `source.ModelSource`."""
        path = self.path / files.ADAPTER
        tensors = read_tensors(path)
        prefixes = (files.CONNECTOR_PREFIX, self._memory_prefix)
        check_prefixes(tensors, prefixes, str(path))
        connector, memory = (without_prefix(tensors, prefix) for prefix in prefixes)
        return AdapterTensors(connector, memory, str(path), *prefixes)

    def parts(self) -> dict[str, list[TensorInfo]]:
        """See `source.ModelSource`."""
        adapter, vision = WeightFiles((self.path / files.ADAPTER,)).infos(), self.vision_path()
        return {
            **({} if vision is None else {"vision": vision_infos(vision)}),
            "language": list(self._language.infos().values()),
            "connector": of_prefix(adapter, files.CONNECTOR_PREFIX),
            "memory": of_prefix(adapter, self._memory_prefix),
        }

    @property
    def _memory_prefix(self) -> str:
        """What stands before the names of the memory's tensors: its kind."""
        return f"{self.config().memory.kind}."

    def vision_path(self) -> Path | None:
        """See `source.ModelSource`."""
        path = self.path / files.VISION
        return path if path.is_dir() else None

    def files(self) -> dict[str, Path]:
        """See `source.ModelSource`."""
        found = {name: self.path / name for name in (files.CONFIG, files.ADAPTER)}
        found |= {f"{files.LANGUAGE}/{name}": file for name, file in self._language.files().items()}
        return found | vision_files(self.vision_path())
