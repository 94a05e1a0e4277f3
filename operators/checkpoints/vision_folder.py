"""A SigLIP vision tower's folder as Hugging Face writes it: the tower alone, or text and vision together."""

from pathlib import Path
from typing import Any

from torch import Tensor

from operators.checkpoints.files import VISION, read_json
from operators.checkpoints.weights.files import WeightFiles
from operators.checkpoints.weights.tensor_info import TensorInfo
from operators.errors import CheckpointError

TOWER_PREFIX = "vision_model."
"""Stands before the tower's tensor names in folders of both towers, and in some of the tower alone."""

OTHER_TENSORS = ("text_model.", "logit_scale", "logit_bias", "vision_model.embeddings.position_ids")
"""Starts the names of what folders hold beside the vision tower's weights: the text tower, counters."""


def require_vision(path: Path | None, model: Path) -> Path:
    """The folder of the vision tower.

    Raises:
        CheckpointError: The model has none with it.
    """
    if path is None:
        raise CheckpointError(
            f"{model} has no folder vision/, which frames need to become tokens.",
            action="Put or link the tower's folder there, for example google/siglip-large-patch16-384.",
        )
    return path


def read_vision_config(path: Path) -> dict[str, Any]:
    """Settings of `SiglipVisionConfig`.

    Raises:
        CheckpointError: config.json is missing or broken.
    """
    config = read_json(path, "config.json")
    inner = config.get("vision_config")
    if config.get("model_type") != "siglip" or not isinstance(inner, dict):
        return config
    return inner


def read_vision_tensors(path: Path) -> tuple[dict[str, Tensor], str]:
    """Tensors of `SiglipVisionModel` by their names without prefix, and the name of the weights for messages.

    Raises:
        CheckpointError: The weights are missing or broken.
    """
    weights = WeightFiles.find(path)
    tensors = {
        name.removeprefix(TOWER_PREFIX): tensor
        for name, tensor in weights.tensors()
        if not name.startswith(OTHER_TENSORS)
    }
    return tensors, weights.where


def vision_infos(path: Path) -> list[TensorInfo]:
    """What the headers say of the tower's tensors.

    Raises:
        CheckpointError: The weights are missing or broken.
    """
    infos = WeightFiles.find(path).infos()
    return [info for name, info in infos.items() if not name.startswith(OTHER_TENSORS)]


def vision_files(path: Path | None) -> dict[str, Path]:
    """The files that decide what frames become, by their names; none without a tower.

    Raises:
        CheckpointError: The weights are missing.
    """
    if path is None:
        return {}
    files = (path / "config.json", *WeightFiles.find(path).files)
    return {f"{VISION}/{file.name}": file for file in files}
