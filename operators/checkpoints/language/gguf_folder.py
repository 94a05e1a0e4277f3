"""A language model's folder whose weights are a GGUF file, as llama.cpp takes it."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import Tensor

from operators.checkpoints.language.folder import LanguageFolder, check_language
from operators.checkpoints.language.gguf_file import ROTARY_FACTORS, GgufFile
from operators.checkpoints.weights.tensor_info import TensorInfo
from operators.errors import CheckpointError
from operators.narrator.language.decoder_config import DecoderConfig


class GgufFolder(LanguageFolder):
    """Reads config, tokenizer and weights from a folder's one GGUF file.

    A config.json or tokenizer.json beside the file is taken instead of what the file says. Without a
    tokenizer.json transformers is imported, which takes seconds.

    Args:
        path: The folder.
        file: The GGUF file in it.
    """

    exact = False

    def __init__(self, path: Path, file: Path) -> None:
        super().__init__(path)
        self._path = file

    @cached_property
    def _file(self) -> GgufFile:
        return GgufFile(self._path)

    def config(self) -> dict[str, Any]:
        """See `LanguageFolder`.

        Raises:
            CheckpointError: The file is broken, of another architecture, or does not tell all.
        """
        return super().config() if (self.path / "config.json").is_file() else self._file.config()

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from transformers import AutoTokenizer  # noqa: PLC0415 (slow import)

        _ = self._file  # names what is wrong with it
        try:
            return AutoTokenizer.from_pretrained(self.path, gguf_file=self._path.name).backend_tokenizer
        except Exception as error:  # transformers promises no kind
            raise CheckpointError(
                f"{self._path}: its tokenizer can't be read: {error}.",
                action=f"Put the tokenizer.json of the original model into {self.path}.",
            ) from error

    def tokenizer(self) -> Tokenizer:
        """See `LanguageFolder`."""
        return super().tokenizer() if (self.path / "tokenizer.json").is_file() else self._tokenizer

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """See `LanguageFolder`; float32."""
        config = DecoderConfig.from_json(self.config())
        shapes = {name: info.shape for name, info in self.infos().items()}
        shapes.pop(ROTARY_FACTORS, None)  # config.json tells the same
        check_language(config, shapes, str(self._path))
        expected = config.weight_shapes()
        tensors = self._file.tensors(config.num_heads, config.num_kv_heads)
        return ((name, tensor) for name, tensor in tensors if name in expected)

    def infos(self) -> dict[str, TensorInfo]:
        """See `LanguageFolder`."""
        return self._file.infos()

    def files(self) -> dict[str, Path]:
        """See `LanguageFolder`."""
        beside = (self.path / name for name in ("config.json", "tokenizer.json", "tokenizer_config.json"))
        return {file.name: file for file in (self._path, *beside) if file.is_file()}


def open_language(path: Path) -> LanguageFolder:
    """A language model's folder, by the form of its weights: safetensors come before GGUF.

    Raises:
        CheckpointError: There are several GGUF files.
    """
    files = sorted(path.glob("*.gguf"))
    if not files or any(path.glob("*.safetensors")):
        return LanguageFolder(path)
    if len(files) > 1:
        raise CheckpointError(
            f"{path} holds several GGUF files: {', '.join(file.name for file in files)}.",
            action="Leave one; a model that was split into several must be joined with llama-gguf-split.",
        )
    return GgufFolder(path, files[0])
