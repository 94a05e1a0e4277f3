"""The files of a model folder by name; reading texts and JSON, and hashing."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from operators.errors import CheckpointError

CONFIG = "config.json"
ADAPTER = "adapter.safetensors"
VISION = "vision"
VISION_CONFIG = "vision/config.json"
VISION_WEIGHTS = "vision/model.safetensors"
LANGUAGE = "language"
LANGUAGE_CONFIG = "language/config.json"
LANGUAGE_WEIGHTS = "language/model.safetensors"
TOKENIZER = "language/tokenizer.json"

FILES = (CONFIG, ADAPTER, VISION_CONFIG, VISION_WEIGHTS, LANGUAGE_CONFIG, LANGUAGE_WEIGHTS, TOKENIZER)
"""What a model folder holds as this project writes it."""

CONNECTOR_PREFIX = "connector."

FORMS = (
    f"A model folder holds {', '.join(FILES)}; a folder of a released model holds base/ and adapter/ "
    "(adapter_config.json, adapter_model.safetensors)."
)
"""For messages."""


def read_json(path: Path, name: str) -> dict[str, Any]:
    """A JSON object of the folder.

    Raises:
        CheckpointError: The file is missing or holds no JSON object.
    """
    try:
        data = json.loads(read_text(path, name))
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{path / name}: not valid JSON: {error}.") from error
    if not isinstance(data, dict):
        raise CheckpointError(f"{path / name}: must be a JSON object.")
    return data


def read_text(path: Path, name: str) -> str:
    """A text file of the folder.

    Raises:
        CheckpointError: The folder or the file is missing, or is no text.
    """
    if not path.is_dir():
        raise CheckpointError(f"there is no model folder {path}.", action="Give the path of an existing one.")
    file = path / name
    if not file.is_file():
        raise CheckpointError(f"{file} is missing.", action=FORMS)
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CheckpointError(f"{file} is no text: {error}.", action="Copy it again.") from error


def hash_files(files: Mapping[str, Path]) -> str:
    """First 16 hex digits of the SHA-256 over names, sizes and contents.

    Args:
        files: By names that say what a file is for; where it lies does not matter.

    Raises:
        CheckpointError: A file is missing.
    """
    digest = hashlib.sha256()
    for name, file in sorted(files.items()):
        if not file.is_file():
            raise CheckpointError(f"{file} is missing.", action=FORMS)
        digest.update(f"{name}\n{file.stat().st_size}\n".encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]
