"""A language model's folder as Hugging Face writes it: config, tokenizer, weights in safetensors."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from torch import Tensor

from operators.checkpoints.files import read_json
from operators.checkpoints.tokenizer import load_tokenizer
from operators.checkpoints.weights.files import WeightFiles
from operators.checkpoints.weights.tensor_info import TensorInfo
from operators.checkpoints.weights.tensors import check_shapes
from operators.narrator.language.decoder_config import DecoderConfig

HEAD = "lm_head.weight"
EMBEDDING = "model.embed_tokens.weight"
ROTARY_BUFFER = "rotary_emb.inv_freq"
"""Ends the names of tables that old versions of transformers saved with the weights."""


class LanguageFolder:
    """Reads the parts of a language model one by one.

    Args:
        path: The folder.
    """

    exact = True
    """The weights are as they were trained, not rounded to a few bits."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def config(self) -> dict[str, Any]:
        """The object of config.json.

        Raises:
            CheckpointError: It is missing or broken.
        """
        return read_json(self.path, "config.json")

    def tokenizer(self) -> Tokenizer:
        """The tokenizer.

        Raises:
            CheckpointError: tokenizer.json is missing or broken.
        """
        return load_tokenizer(self.path)

    def cleans_up_spaces(self) -> bool:
        """Whether decoded text loses blanks before punctuation: what tokenizer_config.json says.

        True if it says nothing, as in the version of transformers that the authors use.

        Raises:
            CheckpointError: tokenizer_config.json is broken.
        """
        name = "tokenizer_config.json"
        settings = read_json(self.path, name) if (self.path / name).is_file() else {}
        return bool(settings.get("clean_up_tokenization_spaces", True))

    def tensors(self) -> Iterator[tuple[str, Tensor]]:
        """The weights by their Hugging Face names, one after another, with the dtypes on disk.

        All names and shapes are checked before the first tensor is read. A head that only repeats the
        embedding is left out.

        Raises:
            CheckpointError: The architecture is not supported, a file is missing or broken, or a tensor is
                missing, unexpected or mis-shaped.
        """
        weights = WeightFiles.find(self.path)
        config = DecoderConfig.from_json(self.config())
        check_language(config, weights.shapes(), weights.where)
        expected = config.weight_shapes()
        return ((name, tensor) for name, tensor in weights.tensors() if name in expected)

    def infos(self) -> dict[str, TensorInfo]:
        """What the weights' headers say; see `weights.WeightFiles.infos`."""
        return WeightFiles.find(self.path).infos()

    def files(self) -> dict[str, Path]:
        """All files that decide what the model says, by their names.

        Raises:
            CheckpointError: The weights are missing.
        """
        files = [self.path / "config.json", self.path / "tokenizer.json", *WeightFiles.find(self.path).files]
        settings = self.path / "tokenizer_config.json"
        return {file.name: file for file in (*files, *([settings] if settings.is_file() else []))}


def check_language(config: DecoderConfig, found: Mapping[str, tuple[int, ...]], where: str) -> None:
    """Compare the tensors of a language model with its config.

    Args:
        config: What the model needs.
        found: Names and shapes; a head beside a tied embedding and rotary tables are passed over.
        where: Name of the weights, for messages.

    Raises:
        CheckpointError: A tensor is missing, unexpected or mis-shaped.
    """
    passed_over = {name for name in found if name.endswith(ROTARY_BUFFER)}
    if config.tied_head:
        passed_over.add(HEAD)
    kept = {name: shape for name, shape in found.items() if name not in passed_over}
    check_shapes(config.weight_shapes(), kept, where)
