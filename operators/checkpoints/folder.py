"""Settings and hash of a model, whatever the form of its folder; for the settings no weights are read."""

from pathlib import Path

from operators.checkpoints.config import FlowNarConfig
from operators.checkpoints.files import hash_files
from operators.checkpoints.source import open_source


def read_config(path: Path) -> FlowNarConfig:
    """The settings of the model at `path`.

    Raises:
        CheckpointError: The folder or a file that tells the settings is missing or invalid.
    """
    return open_source(path).config()


def model_hash(path: Path) -> str:
    """16 hex digits of the SHA-256 over all files that decide what the model at `path` says.

    Raises:
        CheckpointError: A file is missing.
    """
    return hash_files(open_source(path).files())
