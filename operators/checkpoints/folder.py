"""The files of a model folder, its settings and its hash."""

import hashlib
import json
from pathlib import Path
from typing import Any

from operators.checkpoints.config import FlowNarConfig
from operators.errors import CheckpointError

CONFIG = "config.json"
ADAPTER = "adapter.safetensors"
VISION_CONFIG = "vision/config.json"
VISION_WEIGHTS = "vision/model.safetensors"
LANGUAGE_CONFIG = "language/config.json"
LANGUAGE_WEIGHTS = "language/model.safetensors"
TOKENIZER = "language/tokenizer.json"

FILES = (CONFIG, ADAPTER, VISION_CONFIG, VISION_WEIGHTS, LANGUAGE_CONFIG, LANGUAGE_WEIGHTS, TOKENIZER)
"""All files that decide what the model says; the hash is over these."""

CONNECTOR_PREFIX = "connector."
CLAM_PREFIX = "clam."


def read_config(path: Path) -> FlowNarConfig:
    """The settings of the model folder `path`.

    Raises:
        CheckpointError: The folder or its config.json is missing or invalid.
    """
    return FlowNarConfig.from_json(read_text(path, CONFIG), where=str(path / CONFIG))


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
        CheckpointError: The folder or the file is missing.
    """
    if not path.is_dir():
        raise CheckpointError(f"there is no model folder {path}.", action="Give the path of an existing one.")
    file = path / name
    if not file.is_file():
        raise CheckpointError(f"{file} is missing.", action=f"A model folder holds {', '.join(FILES)}.")
    return file.read_text(encoding="utf-8")


def model_hash(path: Path) -> str:
    """First 16 hex digits of the SHA-256 over the names, sizes and contents of `FILES`.

    Raises:
        CheckpointError: A file is missing.
    """
    digest = hashlib.sha256()
    for name in sorted(FILES):
        file = path / name
        if not file.is_file():
            raise CheckpointError(f"{file} is missing.", action=f"A model folder holds {', '.join(FILES)}.")
        digest.update(f"{name}\n{file.stat().st_size}\n".encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()[:16]
