"""Where a model comes from: one interface over all forms of model folders."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tokenizers import Tokenizer
from torch import Tensor

from operators.checkpoints.config import FlowNarConfig
from operators.checkpoints.released.paths import find_adapter
from operators.checkpoints.weights.tensor_info import TensorInfo
from operators.errors import CheckpointError


@dataclass(frozen=True, slots=True, eq=False)
class AdapterTensors:
    """Connector and memory as they lie in a file.

    Attributes:
        connector: By their names in `Connector`.
        memory: By their names in the memory, see `build_memory`.
        where: Name of the file, for messages.
        connector_prefix, memory_prefix: What stands before the names in the file, for messages.
    """

    connector: Mapping[str, Tensor]
    memory: Mapping[str, Tensor]
    where: str
    connector_prefix: str
    memory_prefix: str


class ModelSource(Protocol):
    """A model folder of some form. Every method may raise CheckpointError; see the classes."""

    path: Path
    form: str
    """Name of the form, for people."""

    def config(self) -> FlowNarConfig:
        """All settings that belong to the weights."""
        ...

    def tokenizer(self) -> Tokenizer:
        """The language model's tokenizer, checked against what the folder records of it."""
        ...

    def language_config(self) -> dict[str, Any]:
        """The language model's config in Hugging Face's form, after merging."""
        ...

    def language_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """The language model's weights, one after another: dtype on disk, or float32 where merged."""
        ...

    def adapter(self) -> AdapterTensors:
        """Connector and memory."""
        ...

    def parts(self) -> dict[str, list[TensorInfo]]:
        """What the headers of the files say of all weights, by parts of the model."""
        ...

    def vision_path(self) -> Path | None:
        """The folder of the vision tower; None where the model has none with it."""
        ...

    def files(self) -> dict[str, Path]:
        """All files that decide what the model says, by what they are for."""
        ...


def open_source(path: Path) -> ModelSource:
    """Recognise the form of a model folder.

    Raises:
        CheckpointError: There is no such folder, or a released model's base is not found.
    """
    from operators.checkpoints.merged import MergedFolder  # noqa: PLC0415 (they import this file)
    from operators.checkpoints.released.folder import ReleasedFolder  # noqa: PLC0415

    if not path.is_dir():
        raise CheckpointError(f"there is no model folder {path}.", action="Give the path of an existing one.")
    adapter = find_adapter(path)
    return MergedFolder(path) if adapter is None else ReleasedFolder(path, adapter)
